import numpy as np
import pandas as pd
import PIL.Image
import pytest
import scipy.ndimage
from matplotlib.figure import Figure

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.preview import COLOURS
from nodes_unet.data.targets import classes
from reproduce.evaluation.predictions import read_prediction, write_predictions
from reproduce.figures.segmentations import chosen_images, draw, sheet


def test_what_was_written_is_read(disc_dataset, tmp_path):
    split, preprocessing = disc_dataset.splits["test"], Preprocessing((16, 16))
    predictions = [np.full((32, 32), number, np.uint8) for number in range(len(split))]
    write_predictions(tmp_path / "predictions.h5", split, preprocessing, classes, predictions)
    segmented = read_prediction(tmp_path / "predictions.h5", split.ids[2])
    np.testing.assert_array_equal(segmented.image, split[2].image)
    np.testing.assert_array_equal(segmented.mask, split[2].mask)
    np.testing.assert_array_equal(segmented.prediction, predictions[2])
    assert segmented.preprocessed.shape == (16, 16, 3)
    np.testing.assert_allclose(segmented.preprocessed / 255, preprocessing(split[2].image), atol=1e-6)


def table(*miou):
    return pd.DataFrame({"id": list("abcde"), "miou": miou})


def test_images_are_chosen_by_their_mean_over_rows_and_seeds():
    # means: a 0.5, b 0.2, c 0.9, d 0.6, e 0.4
    per_image = {
        "U-Net": {0: table(0.6, 0.1, 0.9, 0.6, 0.4), 1: table(0.4, 0.1, 0.9, 0.6, 0.4)},
        "ResNet": {0: table(0.5, 0.4, 0.9, 0.6, 0.4)},
    }
    assert chosen_images(per_image) == {"worst": "b", "lower quartile": "e", "upper quartile": "d", "best": "c"}


def test_each_line_of_a_sheet_has_the_proportions_of_its_image(tmp_path):
    figure, panels = sheet([np.zeros((10, 20, 3)), np.zeros((30, 20, 3))], columns=2)
    for line, shape in zip(panels, [(10, 20), (30, 20)], strict=True):
        for axes in line:
            axes.imshow(np.zeros((*shape, 3)))
    figure.savefig(tmp_path / "sheet.png", format="png")
    wide, tall = (line[0].get_window_extent() for line in panels)
    assert wide.width == pytest.approx(tall.width, rel=0.02)
    assert tall.height == pytest.approx(3 * wide.height, rel=0.02)


def test_rows_are_drawn_beside_image_and_label_with_their_scores_below(disc_dataset, tmp_path, monkeypatch):
    below, save = [], Figure.savefig

    def saved(figure, *args, **kwargs):
        below.extend(axes.get_xlabel() for axes in figure.axes)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", saved)
    split = disc_dataset.splits["test"]
    for row in ("first", "second"):
        write_predictions(tmp_path / row, split, Preprocessing(), classes, [sample.mask for sample in split])
    images = {"worst": split.ids[0], "best": split.ids[1]}
    files = {row: tmp_path / row for row in ("first", "second")}
    worst, best = split.ids[:2]
    scores = {"first": {worst: 9.0, best: 91.0}, "second": {worst: 8.04, best: 82.0}}
    draw(images, files, scores, disc_dataset.classes, "title", tmp_path / "figure.png")
    assert below == ["", "", "", "9.0", "8.0", "", "", "", "91.0", "82.0"]
    with PIL.Image.open(tmp_path / "figure.png") as figure:
        pixels = np.asarray(figure.convert("RGB"))
    white, found = scipy.ndimage.label((pixels == COLOURS[1]).all(axis=-1))
    assert found == 2 * 3 + 1, "two images in label and two rows, and the legend"
    for down, across in scipy.ndimage.find_objects(white)[:6]:
        assert down.stop - down.start == pytest.approx(across.stop - across.start, rel=0.1), "a disc stays round"
    assert (pixels == COLOURS[2]).all(axis=-1).any(), "red cells in their colour"
