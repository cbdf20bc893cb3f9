"""Crops: the paper's twelve by hand, and what holds for any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes_unet.data.crops import grid


def test_the_papers_twelve_crops():
    crops = grid((1200, 1600))
    assert [(crop.rows.start, crop.columns.start) for crop in crops] == [
        (top, left) for top in (0, 288, 688) for left in (0, 288, 688, 1088)
    ]
    assert {crop(np.zeros((1200, 1600, 3))).shape for crop in crops} == {(512, 512, 3)}


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 20), st.integers(0, 10))
def test_every_pixel_is_in_a_crop_and_all_crops_have_one_size(height, width, cell, more):
    size, seen = cell + more, np.zeros((height, width), int)
    crops = grid((height, width), cell, size)
    for crop in crops:
        crop(seen)[...] += 1
    assert (seen > 0).all()
    assert {crop(seen).shape for crop in crops} == {(min(height, size), min(width, size))}
    assert len(set(map(str, crops))) == len(crops)


@pytest.mark.parametrize(("shape", "size"), [((300, 700), (300, 512)), ((256, 256), (256, 256))])
def test_small_images_give_crops_of_their_own_size(shape, size):
    assert {crop(np.zeros(shape)).shape for crop in grid(shape)} == {size}
