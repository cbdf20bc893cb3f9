"""What an evaluation says beside the accuracy of predictions."""

import numpy as np
import pytest

from nodes_unet.data.preprocessing import Preprocessing
from reproduce.evaluation.segmentation import labels_at_size

CLASSES = ("background", "cell")


def half(first):
    """A mask (64, 64) with cell from a column on."""
    mask = np.zeros((64, 64), np.uint8)
    mask[:, first:] = 1
    return mask


def test_a_size_keeps_labels_whose_edges_it_has():
    assert labels_at_size(Preprocessing((32, 32)), [half(20), half(32)], CLASSES) == {"pa": 1, "miou": 1}
    assert labels_at_size(Preprocessing((64, 64)), [half(31)], CLASSES) == {"pa": 1, "miou": 1}
    assert labels_at_size(Preprocessing(None), [half(31)], CLASSES) == {"pa": 1, "miou": 1}


def test_an_edge_between_two_pixels_of_the_size_moves_by_one():
    # columns 30 and 31 become one, with the label of 31: column 30 is wrong
    found = labels_at_size(Preprocessing((32, 32)), [half(31)], CLASSES)
    assert found["pa"] == pytest.approx(63 / 64)
    assert found["miou"] == pytest.approx((30 / 31 + 33 / 34) / 2)


def test_all_images_are_pooled():
    found = labels_at_size(Preprocessing((32, 32)), iter([half(31), half(20)]), CLASSES)
    assert found["pa"] == pytest.approx(127 / 128)
