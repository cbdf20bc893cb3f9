"""Preprocessing is what the paper's steps are in plain OpenCV."""

import cv2
import numpy as np
import pytest

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.smear import blood_smear


@pytest.fixture(scope="module")
def smear():
    return blood_smear(5)


def paper_steps(image, clip, grid):
    """The steps in the channel order of OpenCV: BGR to YUV, CLAHE on Y, back to BGR."""
    yuv = cv2.cvtColor(np.ascontiguousarray(image[..., ::-1]), cv2.COLOR_BGR2YUV)
    brightness, u, v = cv2.split(yuv)
    equalised = cv2.createCLAHE(clipLimit=clip, tileGridSize=(grid, grid)).apply(brightness)
    return cv2.cvtColor(cv2.merge((equalised, u, v)), cv2.COLOR_YUV2BGR)[..., ::-1]


@pytest.mark.parametrize(("clip", "grid"), [(2.0, 8), (4.0, 8), (2.0, 3)])
def test_equalising_is_clahe_on_the_brightness_of_yuv(smear, clip, grid):
    before = smear.image.copy()
    found = Preprocessing(clahe_clip=clip, clahe_grid=grid).equalise(smear.image)
    np.testing.assert_array_equal(found, paper_steps(smear.image, clip, grid))
    np.testing.assert_array_equal(smear.image, before)
    assert found.dtype == np.uint8
    assert not np.array_equal(found, smear.image)


def test_equalising_raises_the_contrast_and_keeps_the_hue(smear):
    crop = smear.image[:256, :256]
    faint = (crop // 4 + 90).astype(np.uint8)
    found = Preprocessing().equalise(faint)
    assert found.std() > 1.5 * faint.std()
    chroma = [cv2.cvtColor(image, cv2.COLOR_RGB2YUV)[..., 1:].astype(int) for image in (faint, found)]
    assert np.abs(chroma[1] - chroma[0]).mean() < 2


def test_without_a_clip_limit_nothing_is_equalised(smear):
    np.testing.assert_array_equal(Preprocessing(clahe_clip=None).equalise(smear.image), smear.image)


@pytest.mark.parametrize("size", [None, (519, 775)])
def test_an_image_that_has_its_size_stays_as_it_is(smear, size):
    image, mask = Preprocessing(size=size).resize(smear.image, smear.mask)
    np.testing.assert_array_equal(image, smear.image)
    np.testing.assert_array_equal(mask, smear.mask)


@pytest.mark.parametrize("size", [(128, 96), (512, 640), (700, 300)])
def test_the_size_is_height_and_width_and_labels_stay_labels(smear, size):
    image, mask = Preprocessing(size=size).resize(smear.image, smear.mask)
    assert image.shape == (*size, 3)
    assert mask.shape == size
    assert np.unique(mask).tolist() == [0, 1, 2]
    np.testing.assert_allclose(
        np.bincount(mask.ravel()) / mask.size, np.bincount(smear.mask.ravel()) / smear.mask.size, atol=0.01
    )


def test_halving_averages_the_image_and_picks_labels():
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 2
    mask = np.kron(np.array([[1, 2, 0], [2, 0, 1]], np.uint8), np.ones((2, 2), np.uint8))
    small, labels = Preprocessing(size=(2, 3)).resize(image, mask)
    np.testing.assert_array_equal(small, image.reshape(2, 2, 3, 2, 3).mean(axis=(1, 3)))
    np.testing.assert_array_equal(labels, [[1, 2, 0], [2, 0, 1]])


def test_instance_numbers_beyond_8_bit_survive_resizing():
    mask = np.kron(np.array([[300, 65535], [7, 0]], np.uint16), np.ones((10, 10), np.uint16))
    _, labels = Preprocessing(size=(4, 4)).resize(np.zeros((20, 20, 3), np.uint8), mask)
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, np.kron([[300, 65535], [7, 0]], np.ones((2, 2))))


def test_a_network_is_given_resized_equalised_fractions(smear):
    found = Preprocessing((256, 128))(smear.image)
    resized = cv2.resize(smear.image, (128, 256), interpolation=cv2.INTER_AREA)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, paper_steps(resized, 2.0, 8) / 255, atol=1e-7)


def test_scaling_runs_from_0_to_1():
    found = Preprocessing().scale(np.array([0, 51, 255], np.uint8))
    assert found.dtype == np.float32
    assert found.tolist() == [0, pytest.approx(0.2), 1]


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("none", [255, 51, 0]),
        ("tf", [1, -0.6, -1]),
        ("caffe", [0 - 103.939, 51 - 116.779, 255 - 123.68]),
        ("torch", [(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225]),
    ],
)
def test_scalings_of_imagenet(scaling, expected):
    image = np.array([[[255, 51, 0]]], np.uint8)
    found = Preprocessing(clahe_clip=None, scaling=scaling)(image)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[expected]], rtol=1e-5)
    assert image.tolist() == [[[255, 51, 0]]]
