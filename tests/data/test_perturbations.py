import numpy as np
import pytest
from skimage.color import rgb2hed

from nodes_unet.data.perturbations import PERTURBATIONS, UNITS
from nodes_unet.data.smear import blood_smear

LEVELS = {
    "blur": (1, 2, 4),
    "noise": (5, 10, 40),
    "darken": (0.1, 0.3, 0.6),
    "stain": (0.1, 0.2, 0.4),
    "jpeg": (30, 60, 90),
}


@pytest.fixture(scope="module")
def image():
    return blood_smear([0, 0, 0]).image[:128, :192]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_higher_level_changes_more_and_the_image_itself_stays(name, image):
    before = image.copy()
    changed = [PERTURBATIONS[name](image, level) for level in LEVELS[name]]
    np.testing.assert_array_equal(image, before)
    assert all(other.dtype == np.uint8 and other.shape == image.shape for other in changed)
    distances = [np.abs(other.astype(int) - image).mean() for other in changed]
    assert 0 < distances[0] < distances[1] < distances[2]
    np.testing.assert_array_equal(PERTURBATIONS[name](image, LEVELS[name][0]), changed[0])


@pytest.mark.parametrize("name", ["darken", "stain"])
def test_level_zero_is_the_image(name, image):
    assert np.abs(PERTURBATIONS[name](image, 0).astype(int) - image).max() <= 1


def test_the_stain_shifts_from_eosin_to_haematoxylin(image):
    before, after = (rgb2hed(each)[..., :2].mean(axis=(0, 1)) for each in (image, PERTURBATIONS["stain"](image, 0.4)))
    assert after[0] > before[0] and after[1] < before[1]


def test_noise_has_the_deviation_of_its_level():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = PERTURBATIONS["noise"](grey, 10).astype(int) - 128
    assert noisy.std() == pytest.approx(10, rel=0.02) and abs(noisy.mean()) < 0.1


def test_blur_spreads_a_point_with_its_sigma():
    point = np.zeros((41, 41, 3), np.uint8)
    point[20, 20] = 255
    spread = PERTURBATIONS["blur"](point, 1)[..., 0].astype(float)
    assert spread[20, 20] == pytest.approx(255 / (2 * np.pi), rel=0.05)


def test_every_perturbation_has_a_unit():
    assert set(UNITS) == set(PERTURBATIONS)
