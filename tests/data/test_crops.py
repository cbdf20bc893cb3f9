"""Crops: the paper's twelve by hand, and what holds for any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes_unet.data.crops import Crops, grid


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


def test_crops_of_a_split_are_windows_of_its_images(store, noise):
    images = [noise(0, 20, 16, kind="manual"), noise(1, 12, 30)]
    crops = Crops(store(images, [noise(10)]).splits["train"], 12, 12)
    assert crops.ids == ("image0-0", "image0-1", "image0-2", "image0-3", "image1-0", "image1-1", "image1-2")
    assert crops.groups == ("slide0",) * 7
    assert crops.kinds == ("manual",) * 4 + ("",) * 3
    for crop, (number, top, left) in zip(
        crops, [(0, 0, 0), (0, 0, 4), (0, 8, 0), (0, 8, 4), (1, 0, 0), (1, 0, 12), (1, 0, 18)], strict=True
    ):
        np.testing.assert_array_equal(crop.image, images[number].image[top : top + 12, left : left + 12])
        np.testing.assert_array_equal(crop.mask, images[number].mask[top : top + 12, left : left + 12])
        assert (crop.group, crop.kind) == (images[number].group, images[number].kind)


def test_what_a_small_image_lacks_is_mirrored(store, noise):
    (crop,) = Crops(store([noise(0, 5, 7)], [noise(10)]).splits["train"], 8, 8)
    assert crop.image.shape == (8, 8, 3)
    np.testing.assert_array_equal(crop.mask, np.pad(noise(0, 5, 7).mask, [(0, 3), (0, 1)], mode="symmetric"))
