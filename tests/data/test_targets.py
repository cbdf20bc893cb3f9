"""Targets by hand and by their definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label

from nodes_unet.data.targets import BORDER, apart, border, classes, filled, target
from nodes_unet.errors import InputError

MASKS = arrays(np.uint16, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 3))


def distance_to_another(mask, row, column):
    """From a pixel to the nearest one with another label."""
    others = np.argwhere(mask != mask[row, column]) - (row, column)
    return np.sqrt((others**2).sum(axis=1)).min(initial=np.inf)


def test_instances_are_filled():
    np.testing.assert_array_equal(filled(np.array([[0, 2], [700, 0]], np.uint16)), [[0, 1], [1, 0]])
    assert filled(np.ones((2, 2), np.uint16)).dtype == np.uint8


def test_classes_stay():
    mask = np.array([[0, 1], [2, 1]], np.uint8)
    assert classes(mask) is mask


def test_between_instances_that_touch_lies_background():
    mask = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [0, 3, 0, 0], [0, 3, 0, 4]], np.uint16)
    np.testing.assert_array_equal(apart(mask), [[1, 0, 2, 2], [0, 0, 0, 2], [0, 3, 0, 0], [0, 3, 0, 4]])
    of_classes = np.array([[0, 1], [1, 1]], np.uint8)
    np.testing.assert_array_equal(apart(of_classes), of_classes)
    assert apart(of_classes).dtype == np.uint8 and apart(mask).dtype == np.uint16


@given(MASKS)
def test_instances_apart_are_themselves_less_the_pixels_that_touch_another(mask):
    found = apart(mask)
    components = label(found > 0, connectivity=2)
    assert all(len(np.unique(found[components == number])) == 1 for number in range(1, components.max() + 1))
    for row, column in np.argwhere(found != mask):
        around = mask[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        assert found[row, column] == 0 and around.max() > mask[row, column]


def test_a_border_runs_between_cells_that_touch():
    mask = np.ones((20, 20), np.uint16)
    mask[:, 10:] = 2
    expected = np.zeros((20, 20), np.uint8)
    expected[:, 10 - BORDER : 10 + BORDER] = 1
    np.testing.assert_array_equal(border(mask), expected)


@given(MASKS)
def test_a_border_is_what_lies_near_an_edge(mask):
    found = border(mask)
    assert not found[mask == 0].any()
    for row, column in np.argwhere(mask > 0):
        distance = distance_to_another(mask, row, column)
        assert found[row, column] if distance <= BORDER else not found[row, column] or distance < BORDER + 0.5


def test_an_unknown_target_is_named():
    with pytest.raises(InputError, match="'outline' is none of classes, filled, border"):
        target("outline")
