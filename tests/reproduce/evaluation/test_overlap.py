"""IoU and Dice at two sizes: by hand where they differ, and equal where nothing is resized."""

import numpy as np
import pytest

from nodes_unet.data.preprocessing import Preprocessing
from reproduce.evaluation.overlap import Overlaps

HALF = Preprocessing((1, 2), clahe_clip=None)


def overlaps(prepared, *images):
    collected = Overlaps(prepared, 0.5)
    for truth, predicted in images:
        collected.add(np.array(truth, np.uint8), np.array(predicted, np.float32)[..., None])
    return collected


def test_a_mask_that_the_size_cannot_hold_is_met_there_and_missed_at_its_own_size():
    # columns 0 and 1 become one, which takes the label of column 1; brought back, [1, 0] is 1, 0.75, 0.25, 0
    truth = [[0, 1, 0, 0], [0, 1, 0, 0]]
    found = overlaps(HALF, (truth, [[1, 0]])).metrics(batch_size=1)
    assert found["iou.per_image.resized"] == found["dice.per_image.resized"] == 1
    assert found["iou.per_image"] == found["iou.of_labels"] == pytest.approx(1 / 2)
    assert found["dice.per_image"] == found["dice.of_labels"] == pytest.approx(2 / 3)
    assert found["iou.soft"] == pytest.approx(0.75 * 2 / (2 + 4 - 1.5))


def test_labels_that_the_size_holds_are_kept_whatever_is_predicted():
    found = overlaps(HALF, ([[1, 1, 0, 0]] * 2, [[0, 1]])).metrics(batch_size=1)
    assert found["iou.of_labels"] == found["dice.of_labels"] == 1
    assert found["iou.per_image.resized"] == found["iou.per_image"] == 0


def test_without_resizing_both_are_the_same():
    random = np.random.default_rng(0)
    images = [(random.integers(0, 2, (4, 5)), random.random((4, 5))) for _ in range(3)]
    found = overlaps(Preprocessing(None), *images).metrics(batch_size=2)
    for name in (name for name in found if name.endswith(".resized")):
        assert found[name] == found[name.removesuffix(".resized")]
    assert found["iou.of_labels"] == 1


def test_the_lines_of_the_images_have_what_every_protocol_comes_from():
    lines = overlaps(HALF, ([[0, 1, 0, 0]] * 2, [[1, 0]]), ([[1, 1, 1, 1]] * 2, [[0.5, 0.25]])).per_image()
    assert list(lines.resized_iou) == [1, 0.5] and list(lines.own_truth) == [2, 8]
    assert list(lines.resized_soft) == [1, 0.75] and list(lines.resized_hard_both) == [1, 1]
