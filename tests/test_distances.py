"""Distances against SciPy's."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from nodes_unet.distances import inner_distances


@given(arrays(st.sampled_from([bool, np.uint8]), st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_distances_are_those_of_scipy(region):
    region[-1, 0] = 0
    before = region.copy()
    found = inner_distances(region)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, ndimage.distance_transform_edt(region), rtol=2e-7)
    np.testing.assert_array_equal(region, before)


def test_distances_are_the_same_at_each_call():
    """Those of IPP are not: github.com/opencv/opencv/issues/24082."""
    region = np.ones((100, 100), bool)
    region[32:49, 36:78] = False
    first = inner_distances(region)
    for _ in range(50):
        np.testing.assert_array_equal(inner_distances(region), first)


@pytest.mark.parametrize("preferred", [True, False])
def test_the_preference_for_ipp_stays(preferred):
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(preferred)
    expected = cv2.ipp.useIPP()  # False on processors without
    try:
        inner_distances(np.eye(3, dtype=bool))
        with pytest.raises(cv2.error):
            inner_distances(np.zeros((2, 2, 2), np.uint8))
        assert cv2.ipp.useIPP() == expected
    finally:
        cv2.ipp.setUseIPP(before)
