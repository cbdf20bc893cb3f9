"""Average precision and panoptic quality: by hand, by brute force, and at their limits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nodes_unet.instance_metrics import average_precision, matched_overlaps, overlap_matrix, panoptic_quality

MASKS = arrays(np.uint16, (2, 5, 6), elements=st.sampled_from([0, 1, 2, 5, 900]))
OVERLAPS = st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.2, 0.3, 0.5, 0.6, 0.9, 1.0]))
)


def test_strips_by_hand():
    truth, predicted = np.zeros((2, 1, 12), np.uint16)
    truth[0, :4], truth[0, 6:10] = 3, 7
    predicted[0, 1:5], predicted[0, 6:10], predicted[0, 11] = 1, 2, 9
    overlaps = overlap_matrix(truth, predicted)
    np.testing.assert_allclose(overlaps, [[3 / 5, 0, 0], [0, 1, 0]])
    assert average_precision(overlaps, (0.5, 0.7)) == {0.5: 2 / 3, 0.7: 1 / 4}
    assert panoptic_quality(overlaps) == pytest.approx((0.6 + 1) / (2 + 1 / 2))


@given(MASKS)
def test_overlaps_are_those_of_the_masks(masks):
    truth, predicted = masks
    labels = [[label for label in np.unique(mask) if label] for mask in masks]
    expected = [
        [((truth == a) & (predicted == b)).sum() / ((truth == a) | (predicted == b)).sum() for b in labels[1]]
        for a in labels[0]
    ]
    found = overlap_matrix(truth, predicted)
    assert found.shape == (len(labels[0]), len(labels[1]))
    np.testing.assert_allclose(found, np.reshape(expected, found.shape))


@given(OVERLAPS, st.sampled_from([0.1, 0.3, 0.5]))
def test_as_many_pairs_as_there_can_be_and_the_best_of_them(overlaps, threshold):
    short, long = sorted(overlaps.shape)
    wide = overlaps if overlaps.shape[0] == short else overlaps.T
    best = (0, 0.0)
    for columns in itertools.permutations(range(long), short):
        kept = [wide[line, column] for line, column in enumerate(columns) if wide[line, column] >= threshold]
        best = max(best, (len(kept), sum(kept)))
    found = matched_overlaps(overlaps, threshold)
    assert (len(found), found.sum()) == (best[0], pytest.approx(best[1]))


@given(MASKS)
def test_a_perfect_prediction_has_quality_one(masks):
    overlaps = overlap_matrix(masks[0], masks[0])
    if overlaps.size:
        assert panoptic_quality(overlaps) == 1
        assert set(average_precision(overlaps).values()) == {1}


def test_nothing_to_find_and_nothing_found_is_not_a_number_but_false_objects_count():
    empty, full = np.zeros((3, 3), np.uint16), np.ones((3, 3), np.uint16)
    assert np.isnan(panoptic_quality(overlap_matrix(empty, empty)))
    assert np.isnan(average_precision(overlap_matrix(empty, empty))[0.5])
    for pair in ((empty, full), (full, empty)):
        assert panoptic_quality(overlap_matrix(*pair)) == average_precision(overlap_matrix(*pair))[0.5] == 0


def test_masks_of_unlike_shape_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        overlap_matrix(np.zeros((2, 3), np.uint16), np.zeros((3, 2), np.uint16))
