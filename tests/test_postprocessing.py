"""From probabilities to instances: the authors' steps, sizes at their limits, discs that touch, nothing at all."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import watershed

from nodes_unet.errors import InputError
from nodes_unet.postprocessing import OPTIONS, cleaned, instances, separated


def discs(*circles, shape=(120, 160)):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.logical_or.reduce([(rows - y) ** 2 + (columns - x) ** 2 <= radius**2 for y, x, radius in circles])


def square(area_side, hole=0):
    region = np.zeros((80, 80), bool)
    region[10 : 10 + area_side, 10 : 10 + area_side] = True
    region[20 : 20 + hole, 20 : 20 + hole] = False
    return region


@pytest.mark.parametrize(("side", "kept"), [(9, False), (10, True)])
def test_objects_are_kept_from_the_smallest_size_on(side, kept):
    assert cleaned(square(side), hole=0, smallest=100).any() == kept


@pytest.mark.parametrize(("hole", "filled"), [(9, True), (10, False)])
def test_holes_are_filled_below_their_size(hole, filled):
    found = cleaned(square(50, hole), hole=100, smallest=0)
    assert found[20:25, 20:25].all() == filled
    assert found.sum() == 2500 - (0 if filled else hole**2)


def windowed_maximum(values, size):
    """Highest value in a window that begins size // 2 pixels before each pixel."""
    around = np.pad(values, (size // 2, size - size // 2 - 1))
    return np.lib.stride_tricks.sliding_window_view(around, (size, size)).max(axis=(2, 3))


def by_the_authors_steps(region):
    distance = ndimage.distance_transform_edt(region)
    raised = windowed_maximum(distance, 30) * region  # peaks are sought in the region alone
    numbers, _ = ndimage.label(region & (raised == windowed_maximum(raised, 40)))
    numbers[np.bincount(numbers.ravel())[numbers] < 25] = 0
    markers, _ = ndimage.label(numbers)
    return watershed(-distance, markers, mask=region, compactness=1, watershed_line=True)


@pytest.mark.parametrize("seed", range(6))
def test_separation_takes_the_authors_steps(seed):
    random = np.random.default_rng(seed)
    region = discs(*np.stack([random.uniform(10, 110, 7), random.uniform(10, 150, 7), random.uniform(6, 26, 7)], 1))
    np.testing.assert_array_equal(separated(region), by_the_authors_steps(region))


def test_a_small_object_near_a_large_one_keeps_the_part_of_its_marker_that_is_its_own():
    assert separated(discs((60, 60, 25), (60, 101, 9))).max() == 2


def test_discs_that_touch_are_one_component_and_two_basins():
    region = discs((60, 50, 25), (60, 95, 25))
    assert instances(region.astype(np.float32), 0.5, watershed=False).max() == 1
    found = instances(region.astype(np.float32), 0.5)
    assert found.max() == 2
    assert len(set(found[60, [50, 95]])) == 2 and (found[60, [50, 95]] > 0).all()
    np.testing.assert_array_equal(found > 0, region)
    assert len(np.unique(found[:, :72])) == len(np.unique(found[:, 74:])) == 2


def test_discs_that_are_apart_keep_every_pixel():
    region = discs((40, 40, 20), (80, 120, 22))
    found = separated(region)
    assert found.max() == 2
    np.testing.assert_array_equal(found > 0, region)


def test_a_plateau_is_one_marker():
    region = np.zeros((120, 160), bool)
    region[40:60, 20:140] = True  # its distance is highest along a line
    assert separated(region).max() == 1


def test_a_lower_threshold_finds_more():
    probability = 0.9 * discs((40, 40, 20)) + 0.4 * discs((80, 120, 20))
    assert [instances(probability, threshold).max() for threshold in (0.3, 0.5, 0.95)] == [2, 1, 0]


@pytest.mark.parametrize("watershed", [True, False])
def test_nothing_and_everything(watershed):
    nothing = instances(np.zeros((64, 64), np.float32), 0.5, watershed)
    assert nothing.shape == (64, 64) and nothing.max() == 0
    assert instances(np.ones((64, 64), np.float32), 0.5, watershed).max() == 1


def test_options_are_what_checkpoints_hold():
    assert {"watershed", "hole", "smallest", "smoothing", "apart", "marker", "compactness"} == OPTIONS


def test_options_reach_their_step():
    region = discs((60, 50, 25), (60, 95, 25), (10, 150, 4)).astype(np.float32)
    assert instances(region, 0.5, smallest=0, smoothing=5, apart=5).max() == 3
    assert instances(region, 0.5, smallest=60, smoothing=5, apart=5).max() == 2


def test_a_small_object_beside_a_large_one_is_lost_as_in_the_authors_code():
    region = discs((60, 60, 25), (60, 96, 8))
    found = separated(region)
    assert found.max() == 1 and not found[60, 100]
    assert separated(region, smoothing=5, apart=5)[60, 100]


@pytest.mark.parametrize(("shape", "threshold"), [((32, 32, 1), 0.5), ((32, 32), {"cell": 0.5})])
def test_what_is_no_probability_map_or_no_threshold_is_refused(shape, threshold):
    with pytest.raises(InputError, match="give one class's channel and its threshold"):
        instances(np.zeros(shape, np.float32), threshold)
