"""Candidates for labelling: found, written as LabelMe has them, and never over an expert's work."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage.measure import label

from nodes_unet import InputError
from nodes_unet.data.candidates import candidates, propose, write_labelme
from nodes_unet.data.fluorescence import brain_slice
from nodes_unet.data.folder import folder_source
from nodes_unet.data.labelme import read_labelme
from nodes_unet.data.store import Dataset


def spots(*centres, radius=12, shape=(160, 200), slope=0.05, noise=4):
    """Bright discs on a ground that grows brighter from left to right."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    truth = np.zeros(shape, bool)
    for row, column in centres:
        truth |= (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    grey = 20 + slope * columns + 90 * truth + np.random.default_rng(0).normal(0, noise, shape)
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2), truth


def test_objects_are_found_on_uneven_ground():
    image, truth = spots((40, 40), (110, 90), (60, 160))
    found = candidates(image, smallest=50)
    assert label(found).max() == 3
    assert found[truth].all() and found.sum() < 2 * truth.sum(), "a loose selection"


@pytest.mark.parametrize("value", [0, 255])
def test_an_image_of_one_colour_has_none(value):
    assert not candidates(np.full((64, 64, 3), value, np.uint8)).any()


def test_most_neurons_of_a_slice_are_among_the_candidates():
    drawn = brain_slice(8, (600, 800))
    numbers = np.unique(drawn.instances)[1:]
    assert len(numbers) > 3
    found = candidates(drawn.image)
    assert np.mean([found[drawn.instances == number].mean() > 0.5 for number in numbers]) > 0.7
    assert found.mean() < 0.2


def test_outlines_read_back_are_the_region(tmp_path):
    _, truth = spots((40, 40), (110, 90), (60, 160))
    assert write_labelme(tmp_path / "masks" / "a.json", tmp_path / "images" / "a.png", {"cell": truth}) == 3
    read = read_labelme(tmp_path / "masks" / "a.json", {"background": 0, "cell": 1})
    np.testing.assert_array_equal(read, truth)
    assert json.loads((tmp_path / "masks" / "a.json").read_text())["imagePath"] == "../images/a.png"


def test_an_object_within_a_ring_is_kept_and_drawn_over_it(tmp_path):
    rows, columns = np.mgrid[:120, :120]
    distance = np.hypot(rows - 60, columns - 60)
    disc, ring = distance < 15, (distance > 30) & (distance < 40)
    assert write_labelme(tmp_path / "a.json", tmp_path / "a.png", {"cell": disc | ring}) == 2
    read = read_labelme(tmp_path / "a.json", {"background": 0, "cell": 1}, instances=True)
    np.testing.assert_array_equal(read == read[60, 60], disc)
    assert np.unique(read[ring]).size == 1 and read[60, 95] not in (0, read[60, 60])


def test_a_folder_of_images_becomes_one_that_can_be_prepared(tmp_path):
    (tmp_path / "images").mkdir()
    for name in "ab":
        Image.fromarray(spots((40, 40), (110, 90))[0]).save(tmp_path / "images" / f"{name}.png")
    found = propose(tmp_path / "images", tmp_path / "masks", "cell", smallest=50)
    assert found == {str(tmp_path / "masks" / f"{name}.json"): 2 for name in "ab"}
    (tmp_path / "split.csv").write_text("id,split\na,train\nb,test\n")
    (sample,) = folder_source(tmp_path, ("background", "cell")).splits["test"]()
    assert label(sample.mask).max() == 2


def test_a_file_that_is_there_stays_and_nothing_is_written(tmp_path):
    for name in "ab":
        Image.fromarray(spots((40, 40))[0]).save(tmp_path / f"{name}.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "b.json").write_text("corrected")
    with pytest.raises(InputError, match=r"b.json exists, perhaps with an expert's corrections"):
        propose(tmp_path, tmp_path / "masks", "cell")
    assert [path.name for path in (tmp_path / "masks").iterdir()] == ["b.json"]
    assert (tmp_path / "masks" / "b.json").read_text() == "corrected"


def test_two_images_of_one_name_and_a_damaged_one_are_named_before_anything_is_written(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(spots((40, 40))[0]).save(tmp_path / name)
    (tmp_path / "b.png").write_bytes((tmp_path / "b.png").read_bytes()[:200])
    with pytest.raises(InputError, match=r"b\.png cannot be read"):
        propose(tmp_path, tmp_path / "masks", "cell")
    (tmp_path / "a.png").rename(tmp_path / "b.tif")
    with pytest.raises(InputError, match=r"b\.tif and b\.png would both get b\.json"):
        propose(tmp_path, tmp_path / "masks", "cell")
    assert not (tmp_path / "masks").exists()


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no image of a known kind"):
        propose(tmp_path, tmp_path / "masks", "cell")
    with pytest.raises(InputError, match="nowhere is no folder"):
        propose(tmp_path / "nowhere", tmp_path / "masks", "cell")


def test_the_commands_lead_from_images_to_a_dataset_of_instances(tmp_path):
    (tmp_path / "images").mkdir()
    for name in "ab":
        Image.fromarray(spots((40, 40), (110, 90))[0]).save(tmp_path / "images" / f"{name}.png")

    def reproduce(*arguments):
        command = [sys.executable, "-m", "reproduce", "data", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    run = reproduce("candidates", "images", "--out", "proposed", "--smallest", "50")
    assert run.stdout.splitlines() == ["proposed/a.json: 2 candidates", "proposed/b.json: 2 candidates"], run.stderr
    (tmp_path / "masks").mkdir()
    for name in "ab":
        region = read_labelme(tmp_path / "proposed" / f"{name}.json", {"cell": 1})
        Image.fromarray(label(region).astype(np.uint16)).save(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "split.csv").write_text("id,split,kind\na,train,manual\nb,test,\n")
    run = reproduce("prepare", "folder", ".", "--classes", "background,cell", "--instances", "--out", "cells.h5")
    assert run.returncode == 0, run.stderr
    (sample,) = Dataset(tmp_path / "cells.h5").splits["train"]
    assert (sample.counts, sample.kind, sample.mask.max()) == ((2,), "manual", 2)
