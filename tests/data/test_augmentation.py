"""Augmented copies: fixed by seed, image and copy, and never out of step with their masks."""

import numpy as np
import pytest

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.smear import blood_smear

# Each label has the channel of its number far above the others, which no change of colour here undoes.
COLOURS = np.array([[190, 50, 50], [50, 190, 50], [50, 50, 190]], np.uint8)


@pytest.fixture(scope="module")
def mask():
    return blood_smear(3).mask[100:228, 200:328].copy()


@pytest.fixture(scope="module")
def image(mask):
    return COLOURS[mask]


def test_copy_0_is_the_image_itself(image, mask):
    for drawn, given in zip(Augmenter(Augmentation(), 1)(image, mask, 3, 0), (image, mask), strict=True):
        np.testing.assert_array_equal(drawn, given)


def test_a_copy_is_the_same_whatever_was_drawn_before(image, mask):
    first = Augmenter(Augmentation(), 1)
    drawn = {(index, copy): first(image, mask, index, copy) for index in (0, 5) for copy in range(6)}
    second = Augmenter(Augmentation(), 1)
    for place in reversed(drawn):
        second(image, mask, 99, 3)
        for again, known in zip(second(image, mask, *place), drawn[place], strict=True):
            np.testing.assert_array_equal(again, known)


def test_copies_differ_by_seed_image_and_number(image, mask):
    pictures = [
        Augmenter(Augmentation(), seed)(image, mask, index, copy)[0].tobytes()
        for seed in (0, 1)
        for index in (0, 1)
        for copy in (1, 2, 3)
    ]
    assert len(set(pictures)) == len(pictures) == 12


def test_the_given_image_and_mask_are_left_alone(image, mask):
    before = image.copy(), mask.copy()
    for copy in range(1, 6):
        Augmenter(Augmentation(), 1)(image, mask, 0, copy)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_the_mask_moves_with_its_image(image, mask):
    augmenter = Augmenter(Augmentation(), 1)
    moved = 0
    for copy in range(1, 41):
        drawn, labels = augmenter(image, mask, 0, copy)
        assert (drawn.dtype, labels.dtype) == (np.uint8, np.uint8)
        assert (drawn.shape, labels.shape) == (image.shape, mask.shape)
        assert set(np.unique(labels)) <= {0, 1, 2}
        assert (drawn.argmax(axis=2) == labels).mean() > 0.95
        moved += (labels == mask).mean() < 0.95
    assert moved > 30


def test_instance_numbers_are_never_mixed(image, mask):
    instances = mask.astype(np.uint16) * 20_000
    augmenter = Augmenter(Augmentation(), 1)
    for copy in range(1, 11):
        _, labels = augmenter(image, instances, 0, copy)
        assert labels.dtype == np.uint16
        assert set(np.unique(labels)) <= {0, 20_000, 40_000}


def test_the_corners_are_filled_with_picture_and_not_with_black(image, mask):
    augmenter = Augmenter(Augmentation(rotation=45, brightness=0, contrast=0, hue=0, saturation=0), 1)
    darkest = min(augmenter(image, mask, 0, copy)[0].max(axis=2).min() for copy in range(1, 11))
    assert darkest > 100


STILL = {"rotation": 0, "scale": 0, "brightness": 0, "contrast": 0, "hue": 0, "saturation": 0}


def test_without_quarter_turns_only_flips_are_left(image, mask):
    still = Augmenter(Augmentation(quarter_turns=False, **STILL), 1)
    flips = {
        image[rows, columns].tobytes()
        for rows in (slice(None), slice(None, None, -1))
        for columns in (slice(None), slice(None, None, -1))
    }
    assert {still(image, mask, 0, copy)[0].tobytes() for copy in range(1, 41)} == flips


def spot():
    """A black image with a disc of 20 pixels in its middle, and its mask."""
    rows, columns = np.ogrid[-64:64, -64:64]
    disc = (rows**2 + columns**2 <= 100).astype(np.uint8)
    return np.repeat(255 * disc[..., None], 3, axis=2), disc


def test_shifts_go_both_ways_on_both_axes_and_no_further(image, mask):
    shifted = Augmenter(Augmentation(shift=0.1, **STILL), 1)
    centres = [np.argwhere(shifted(*spot(), 0, copy)[1]).mean(axis=0) - 63.9 for copy in range(1, 61)]
    assert np.abs(centres).max() <= 0.1 * 128 + 1
    assert np.min(centres, axis=0).max() < -6 and np.max(centres, axis=0).min() > 6
    assert max(abs(down - right) for down, right in centres) > 6


def test_zooming_out_makes_things_smaller_and_never_larger(image, mask):
    zoomed = Augmenter(Augmentation(zoom_out=0.5, **STILL), 1)
    areas = np.array([zoomed(*spot(), 0, copy)[1].sum() for copy in range(1, 41)]) / spot()[1].sum()
    assert areas.max() <= 1.01 and areas.min() < 0.4


def test_without_strength_only_turns_and_flips_are_left(image, mask):
    still = Augmenter(Augmentation(**STILL), 1)
    symmetries = {np.rot90(side, turns).tobytes() for side in (image, image.transpose(1, 0, 2)) for turns in range(4)}
    drawn = {still(image, mask, 0, copy)[0].tobytes() for copy in range(1, 61)}
    assert drawn == symmetries
    assert len(symmetries) == 8


def test_copies_keep_the_size_of_an_image_that_is_not_square(image, mask):
    augmenter = Augmenter(Augmentation(), 1)
    for copy in range(1, 21):
        drawn, labels = augmenter(image[:64], mask[:64], 0, copy)
        assert drawn.shape == (64, 128, 3)
        assert labels.shape == (64, 128)
        assert (drawn.argmax(axis=2) == labels).mean() > 0.95


def still(image, mask, copies=12, **changes):
    """Copies that are nothing but flipped and changed as asked for."""
    augmenter = Augmenter(Augmentation(**STILL, quarter_turns=False, **changes), 0)
    return [augmenter(image, mask, 0, copy) for copy in range(1, copies)]


def test_noise_has_up_to_the_deviation_asked_for():
    grey, mask = np.full((64, 64, 3), 128, np.uint8), np.zeros((64, 64), np.uint8)
    spreads = [drawn.std() for drawn, _ in still(grey, mask, noise=20)]
    assert min(spreads) == 0 and 8 < max(spreads) < 20.5


def test_contrast_can_be_lowered_alone():
    halves, mask = np.full((32, 32, 3), 60, np.uint8), np.zeros((32, 32), np.uint8)
    halves[:, 16:] = 180
    augmenter = Augmenter(Augmentation(**STILL | {"contrast": [-0.7, 0.0]}), 0)
    spans = [int(np.ptp(augmenter(halves, mask, 0, copy)[0])) for copy in range(1, 40)]
    assert max(spans) == 120 and 0.3 * 120 - 1 <= min(spans) < 0.5 * 120


def test_blur_spreads_up_to_the_sigma_asked_for():
    dot, mask = np.zeros((65, 65, 3), np.uint8), np.zeros((65, 65), np.uint8)
    dot[32, 32] = 255
    peaks = [int(drawn.max()) for drawn, _ in still(dot, mask, blur=2.0)]
    assert max(peaks) == 255
    assert 255 / (2 * np.pi * 2.0**2) - 1 < min(peaks) < 100


def test_elastic_shifts_move_image_and_mask_alike_by_the_deviation_asked_for():
    rows, columns = np.mgrid[:256, :256]
    image = np.stack([rows, columns, np.zeros_like(rows)], -1).astype(np.uint8)
    shifts = []
    for drawn, labels in still(image, rows.astype(np.uint8), elastic=3.0):
        upright = drawn if drawn[200, 128, 0] > 128 else drawn[::-1]
        upright = upright if upright[128, 200, 1] > 128 else upright[:, ::-1]
        shifts.append((upright[64:192, 64:192, :2].astype(float) - np.stack([rows, columns], -1)[64:192, 64:192]).std())
        assert np.abs(labels.astype(int) - drawn[..., 0]).max() <= 1, "the mask goes with the image, to rounding"
    moved = [shift for shift in shifts if shift > 0.6]
    assert 0 < len(moved) < len(shifts)
    assert 2 < np.mean(moved) < 4
