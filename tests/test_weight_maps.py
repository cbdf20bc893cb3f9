"""Weight maps by hand, and against the definition."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.morphology import dilation

from nodes_unet import InputError
from nodes_unet.weight_maps import AUTHORS_CODE, CUT, FLOOR, TOLERANCE, reach, weight_map

SHAPES = st.tuples(st.integers(1, 14), st.integers(1, 14))
PLAIN = {"cell_weight": 1, "background_weight": 1}


def regions(labels: np.ndarray) -> Iterable[np.ndarray]:
    return [labels == number for number in np.unique(labels[labels > 0])]


def by_pixel_pairs(objects: Iterable[np.ndarray], shape: tuple[int, int], sigma: float) -> np.ndarray:
    """The sum from the distances of all pixels to all pixels of each object."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    total = np.zeros(shape)
    for region in objects:
        squares = [(rows - row) ** 2 + (columns - column) ** 2 for row, column in np.argwhere(region)]
        total += np.exp(-np.min(squares, axis=0) / (2 * sigma**2))
    return total


def by_distance_transforms(objects: Iterable[np.ndarray], shape: tuple[int, int], sigma: float) -> np.ndarray:
    """The sum from SciPy's distance transform of the whole image for each object."""
    return sum(
        (np.exp(-(ndimage.distance_transform_edt(~each) ** 2) / (2 * sigma**2)) for each in objects), np.zeros(shape)
    )


def error(found: np.ndarray, expected: np.ndarray, floor: float = FLOOR) -> float:
    return float((np.abs(found.astype(np.float64) - expected) / np.maximum(expected, floor)).max())


def scattered(seed: int, size: int, cells: int) -> np.ndarray:
    random, labels = np.random.default_rng(seed), np.zeros((size, size), np.int32)
    for number in range(1, cells + 1):
        cv2.circle(labels, random.integers(0, size, 2).tolist(), int(random.integers(4, 15)), number, cv2.FILLED)
    return labels


def test_two_pixels_by_hand():
    mask = np.array([[1, 0, 0, 0, 1]], bool)
    e = np.exp(-np.array([1, 4, 9, 16]) / 8)  # sigma 2
    halves = [1 + e[3], e[0] + e[2], 2 * e[1], e[0] + e[2], 1 + e[3]]
    np.testing.assert_allclose(weight_map(mask, 2, **PLAIN), [halves], rtol=1e-6)
    by_default = np.array(halves) * [1, 1.5, 1.5, 1.5, 1]
    np.testing.assert_allclose(weight_map(mask, 2), [by_default], rtol=1e-6)


def test_the_papers_sigma_is_the_default():
    mask = np.zeros((1, 26), np.uint8)
    mask[0, 0] = 255
    assert weight_map(mask)[0, 25] == pytest.approx(1.5 * np.exp(-0.5), rel=1e-6)


@given(arrays(np.int32, SHAPES, elements=st.integers(0, 4)), st.sampled_from([0.7, 2, 25]))
def test_instances_as_defined(labels, sigma):
    found = weight_map(labels, sigma, **PLAIN)
    expected = by_pixel_pairs(regions(labels), labels.shape, sigma) if labels.any() else np.ones(labels.shape)
    assert error(found, expected) <= TOLERANCE


@given(arrays(bool, SHAPES), st.sampled_from([0.7, 2, 25]), st.sampled_from([4, 8]))
def test_binary_masks_as_defined(mask, sigma, connectivity):
    labels = ndimage.label(mask, ndimage.generate_binary_structure(2, connectivity // 4))[0]
    found = weight_map(mask, sigma, connectivity=connectivity, **PLAIN)
    expected = by_pixel_pairs(regions(labels), mask.shape, sigma) if mask.any() else np.ones(mask.shape)
    assert error(found, expected) <= TOLERANCE
    np.testing.assert_array_equal(
        weight_map(mask.astype(np.uint8) * 255, sigma, connectivity=connectivity, **PLAIN), found
    )


@pytest.mark.parametrize("seed", [0, 3])
def test_a_hundred_cells_at_full_size_are_within_the_tolerance(seed):
    labels = scattered(seed, 512, 100)
    expected = by_distance_transforms(regions(labels), labels.shape, 25)
    assert error(weight_map(labels, **PLAIN), expected) <= TOLERANCE
    raised, clipped = weight_map(labels, at_least=1, **PLAIN), np.maximum(expected, 1)
    assert (np.abs(raised - clipped) / clipped).max() <= TOLERANCE


@pytest.mark.parametrize("cells", [1, 7, 60])
def test_far_from_all_cells_the_error_is_relative_to_the_floor(cells):
    labels = scattered(1, 400, 400)
    labels[labels > cells] = 0
    expected = by_distance_transforms(regions(labels), labels.shape, 8)
    found = weight_map(labels, 8, **PLAIN)
    assert error(found, expected) <= TOLERANCE
    assert np.abs(found - expected)[expected < FLOOR].max() <= TOLERANCE * FLOOR
    assert (found[expected < 1e-30] == 0).all()


@st.composite
def boxes_in_an_image(draw):
    shape = draw(st.tuples(st.integers(1, 90), st.integers(1, 90)))
    sides = [st.tuples(*[st.integers(0, length - 1)] * 2).map(sorted) for length in shape]
    corners = draw(st.lists(st.tuples(*sides), min_size=1, max_size=12))
    return shape, [tuple(slice(first, last + 1) for first, last in each) for each in corners]


def beyond(distance: int, box: tuple[slice, slice], shape: tuple[int, int]) -> np.ndarray:
    """Pixels that a window of so many pixels around a box leaves out."""
    inside = [slice(max(0, side.start - distance), side.stop + distance) for side in box]
    left_out = np.ones(shape, bool)
    left_out[tuple(inside)] = False
    return left_out


def cost(distance: int, boxes, shape, objects, sigma: float, floor: float) -> float:
    """What is left out by definition, as a fraction of the sum over objects, at the pixel where it is most."""
    terms = [by_distance_transforms([region], shape, sigma) for region in objects]
    left_out = sum(term * beyond(distance, box, shape) for term, box in zip(terms, boxes, strict=True))
    return float((left_out / np.maximum(sum(terms), floor)).max())


@given(boxes_in_an_image(), st.floats(0.3, 30), st.sampled_from([FLOOR, 1, 3]), st.sampled_from(["full", "/", "\\"]))
def test_the_reach_bounds_what_is_left_out(image, sigma, floor, kind):
    shape, boxes = image
    objects = np.zeros((len(boxes), *shape), bool)
    for region, box in zip(objects, boxes, strict=True):
        inside = region[box] if kind != "/" else region[box][::-1]
        inside[0, 0] = inside[-1, -1] = True
        if kind == "full":
            inside[:] = True
    assert cost(reach(boxes, shape, sigma, floor), boxes, shape, objects, sigma, floor) <= CUT * (1 + 1e-9)
    assert CUT + 2**-24 <= TOLERANCE, "with the rounding to float32"


@given(st.lists(st.integers(0, 31), min_size=1, max_size=12), st.floats(0.3, 6), st.sampled_from([FLOOR, 1]))
def test_the_reach_is_the_smallest_for_pixels_in_a_line(columns, sigma, floor):
    shape, boxes = (1, 32), [(slice(0, 1), slice(column, column + 1)) for column in columns]
    objects = [np.arange(32)[np.newaxis] == column for column in columns]
    found = reach(boxes, shape, sigma, floor)
    assert found == 0 or cost(found - 1, boxes, shape, objects, sigma, floor) > CUT * (1 - 1e-9)


def test_just_beyond_the_reach_nothing_is_left_of_a_column_of_cells():
    labels = np.zeros((50, 32), np.int32)
    labels[:, 0] = np.arange(1, 51)
    expected = by_distance_transforms(regions(labels), labels.shape, 3)
    found = weight_map(labels, 3, **PLAIN)
    far = reach(ndimage.find_objects(labels), labels.shape, 3) + 1
    assert (found[:, far] == 0).all() and (found[:, far - 1] > 0).all()
    assert 0 < expected[:, far].max() <= CUT * FLOOR < expected[:, far - 1].max()
    assert error(found, expected) <= TOLERANCE


def test_the_reach_is_less_where_cells_crowd():
    """Less than if as many lay anywhere: all just beyond the windows of a pixel where the sum is the floor."""
    labels = scattered(0, 512, 400)
    boxes = [box for box in ndimage.find_objects(labels) if box is not None]
    anywhere = 25 * np.sqrt(2 * np.log(len(boxes) / (CUT * FLOOR)))
    assert reach(boxes, labels.shape, 25) < 0.85 * anywhere


def test_one_cell_costs_the_same_in_a_larger_image(monkeypatch):
    areas = []
    transform = cv2.distanceTransform
    monkeypatch.setattr(cv2, "distanceTransform", lambda crop, *a: areas.append(crop.size) or transform(crop, *a))
    for size in (100, 1000):
        labels = np.zeros((size, size), np.int32)
        labels[48:52, 49:52] = 1
        weight_map(labels, 5)
    assert np.exp(-(33**2) / 50) <= CUT * FLOOR < np.exp(-(32**2) / 50), "so that windows end after 32 pixels"
    assert areas == [(4 + 2 * 32) * (3 + 2 * 32)] * 2


def test_maps_of_far_objects_add_up():
    one, other = np.zeros((2, 40, 90), np.uint16)
    one[5:12, 5:12], other[20:30, 60:77] = 1, 2
    summed = weight_map(one, 10, **PLAIN) + weight_map(other, 10, **PLAIN)
    np.testing.assert_allclose(weight_map(one + other, 10, **PLAIN), summed, rtol=2e-6, atol=1e-9)


def test_touching_instances_weigh_more_than_one_component():
    labels = np.zeros((12, 20), np.uint16)
    labels[3:9, 4:10], labels[3:9, 10:16] = 1, 2
    instances, component = weight_map(labels, 5, **PLAIN), weight_map(labels > 0, 5, **PLAIN)
    assert instances[5, 9] == pytest.approx(1 + np.exp(-1 / 50)) and component[5, 9] == 1
    assert (instances > component).all()


def test_corners_join_components_by_default():
    corners = np.eye(2, dtype=bool)
    assert weight_map(corners, 1, **PLAIN)[0, 0] == 1
    assert weight_map(corners, 1, connectivity=4, **PLAIN)[0, 0] == pytest.approx(1 + np.exp(-1))


def test_an_instance_may_be_in_pieces_and_around_another():
    labels = np.zeros((9, 9), np.int64)
    labels[0, 0] = labels[8, 8] = 1
    labels[4, 4] = 2
    expected = by_pixel_pairs(regions(labels), labels.shape, 3)
    np.testing.assert_allclose(weight_map(labels, 3, **PLAIN), expected, rtol=1e-6)
    assert expected[0, 0] == 1 + np.exp(-32 / 18)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int64, np.uint64])
def test_numbers_of_instances_do_not_matter(dtype):
    labels = scattered(2, 60, 6)
    numbers = np.array([0, 32_000, 5, 77, 3, 12_345, 8], dtype)
    np.testing.assert_allclose(weight_map(numbers[labels], 4), weight_map(labels, 4), rtol=1e-6)
    full = labels + 1  # no background
    np.testing.assert_allclose(weight_map((full * 4000).astype(dtype), 4), weight_map(full, 4), rtol=1e-6)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32])
def test_empty_and_full_masks(dtype):
    empty, full = np.zeros((6, 7), dtype), np.ones((6, 7), dtype)
    options = {"cell_weight": 2, "background_weight": 3}
    assert (weight_map(empty, **options) == 3).all() and (weight_map(full, **options) == 2).all()
    rest = {"within": 3, "min_object": 4, "min_hole": 4}
    assert (weight_map(empty, **options, **rest) == 3).all()
    assert (weight_map(full, at_least=0.5, **options, **rest) == 1).all(), "no sum on cells"
    assert (weight_map(full, at_least=5, divisor=10, **options) == 1).all()
    assert (weight_map(full, min_object=43, min_hole=43, **options) == 3).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.int64])
def test_any_integers_in_and_float32_out_and_the_mask_stays(dtype):
    labels = scattered(4, 50, 5)[:30]
    mask = (labels > 0 if dtype == np.uint8 else labels).astype(dtype)
    before = mask.copy()
    found = weight_map(mask, **AUTHORS_CODE)
    assert found.shape == (30, 50) and found.dtype == np.float32
    np.testing.assert_array_equal(mask, before)
    np.testing.assert_array_equal(weight_map(np.asfortranarray(mask), **AUTHORS_CODE), found)


def test_factors_clipping_and_divisor_by_hand():
    mask = np.array([[1, 0, 1, 0, 0, 0]], np.uint16) * [[1, 0, 2, 0, 0, 0]]
    plain = weight_map(mask, 1, **PLAIN)[0]
    e = np.exp(-(np.arange(6) ** 2) / 2)
    np.testing.assert_allclose(plain[:4], [1 + e[2], 2 * e[1], 1 + e[2], e[1] + e[3]], rtol=1e-6)
    found = weight_map(mask, 1, cell_weight=3, background_weight=0.5, at_least=0.7, divisor=2)[0]
    expected = np.maximum(plain, 0.7) * [3, 0.5, 3, 0.5, 0.5, 0.5] / 2
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert plain[3] < 0.7 < plain[1], "or else nothing was clipped"


def test_the_square_limits_the_sum_to_background_near_cells():
    mask = np.zeros((1, 7), np.int32)
    mask[0, 3:5] = 1, 2
    e = np.exp(-(np.arange(4) ** 2) / 2)
    found = weight_map(mask, 1, within=3, **PLAIN)[0]
    np.testing.assert_allclose(found, [0, 0, e[1] + e[2], 0, 0, e[1] + e[2], 0], rtol=1e-6)
    found = weight_map(mask, 1, within=4, at_least=0.1, **PLAIN)[0]
    np.testing.assert_allclose(found, [0.1, e[2] + e[3], e[1] + e[2], 0.1, 0.1, e[1] + e[2], 0.1], rtol=1e-6)


@pytest.mark.parametrize("within", [1, 2, 5, 8])
def test_the_square_is_that_of_scikit_image(within):
    mask = scattered(5, 60, 3) > 0
    near = dilation(mask.astype(np.uint8), np.ones((within, within))) > 0
    np.testing.assert_array_equal(weight_map(mask, within=within) > 0, near & ~mask)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_small_objects_and_holes_go(dtype):
    mask, clean = np.zeros((2, 20, 20), dtype)
    mask[2:9, 2:9] = clean[2:9, 2:9] = 1
    mask[4, 4:7] = 0  # a hole of three pixels
    mask[15, 15:18] = 1 if dtype == np.uint8 else 2
    found = weight_map(mask, 3, min_object=4, min_hole=4)
    np.testing.assert_array_equal(found, weight_map(clean, 3))
    np.testing.assert_array_equal(weight_map(mask, 3, min_object=3, min_hole=3), weight_map(mask, 3))


def test_a_hole_between_instances_goes_to_the_nearest():
    labels, filled = np.zeros((2, 9, 14), np.uint16)
    labels[1:8, 1:7], labels[1:8, 7:13] = 1, 2
    filled[:] = labels
    labels[4, 5:9] = 0
    np.testing.assert_array_equal(weight_map(labels, 3, min_hole=5), weight_map(filled, 3))


def test_small_objects_go_before_small_holes():
    mask = np.zeros((9, 9), bool)
    mask[1:8, 1:8] = True
    mask[3:6, 3:6] = False
    mask[4, 4] = True
    assert (weight_map(mask, 3, min_object=2, min_hole=10, **PLAIN)[1:8, 1:8] == 1).all()
    assert (weight_map(mask, 3, min_object=2, min_hole=9, **PLAIN)[3:6, 3:6] < 1).all(), "the hole has 9 pixels by then"
    assert (weight_map(mask, 3, min_hole=9, **PLAIN)[1:8, 1:8] == 1).all(), "around the object it has 8"


def test_the_authors_code():
    """Their steps, one after the other, on cells whose bounding boxes are apart."""
    mask = np.zeros((260, 300), np.uint8)
    for row, column, radius in ((60, 60, 14), (60, 100, 20), (110, 75, 16), (200, 230, 12), (20, 280, 5)):
        cv2.circle(mask, (column, row), radius, 255, cv2.FILLED)
    cv2.circle(mask, (100, 60), 4, 0, cv2.FILLED)
    clean = mask > 0
    clean[10:30, 270:290], clean[50:70, 90:110] = False, True
    total = by_distance_transforms(regions(ndimage.label(clean)[0]), mask.shape, 25)
    near = dilation(clean.astype(np.uint8), np.ones((100, 100))) > 0
    expected = np.maximum(np.where(near & ~clean, total, 0), 1) * np.where(clean, 1.5, 1) / 3.8177538
    found = weight_map(mask, **AUTHORS_CODE)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE)
    assert found.max() > 1.5 / 3.8177538 and (found[clean] == np.float32(1.5 / 3.8177538)).all()
    assert (weight_map(np.zeros((8, 8), bool), **AUTHORS_CODE) == np.float32(1 / 3.8177538)).all()


@pytest.mark.parametrize(
    ("mask", "options", "message"),
    [
        (np.zeros((4, 4, 1), bool), {}, r"\(H, W\)"),
        (np.array([[0, 1, 2]], np.uint8), {}, "one number on objects: give instances as uint16"),
        (np.zeros(4, np.uint8), {}, r"\(H, W\)"),
        (np.zeros((4, 4), np.float32), {}, "float32"),
        (np.zeros((0, 4), bool), {}, "pixels"),
        (np.full((4, 4), -1), {}, "below 0"),
        (np.ones((4, 4), bool), {"sigma": -1}, "sigma"),
        (np.ones((4, 4), bool), {"sigma": 0}, "sigma"),
        (np.ones((4, 4), bool), {"sigma": np.nan}, "sigma"),
        (np.ones((4, 4), bool), {"within": 0}, "within"),
        (np.ones((4, 4), bool), {"divisor": 0}, "divisor"),
        (np.ones((4, 4), bool), {"divisor": np.inf}, "divisor"),
        (np.ones((4, 4), bool), {"at_least": np.nan}, "at_least"),
        (np.ones((4, 4), bool), {"cell_weight": np.inf}, "cell_weight"),
        (np.ones((4, 4), bool), {"background_weight": -1}, "background_weight"),
        (np.ones((4, 4), bool), {"connectivity": 1}, "connectivity"),
    ],
)
def test_what_makes_no_sense_is_refused(mask, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        weight_map(mask, **options)
    assert isinstance(caught.value, InputError)
