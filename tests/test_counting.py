"""Counts in regions drawn by hand, and against SciPy's labelling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from nodes_unet.counting import basin_areas, component_areas, count, tuned


def discs(*centres, radius=8, shape=(60, 80)):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.any([(rows - y) ** 2 + (columns - x) ** 2 < radius**2 for y, x in centres], axis=0)


def test_touching_discs_are_one_component_and_two_basins():
    touching = discs((20, 20), (20, 33), (45, 60))
    assert len(component_areas(touching)) == 2
    assert len(basin_areas(touching, min_distance=5)) == 3
    assert basin_areas(touching, min_distance=5).sum() == touching.sum()


def test_components_meet_at_edges_and_not_at_corners():
    assert component_areas(np.array([[1, 0], [0, 1]], bool)).tolist() == [1, 1]
    assert component_areas(np.array([[1, 1], [0, 1]], bool)).tolist() == [3]


@pytest.mark.parametrize("areas_of", [component_areas, lambda region: basin_areas(region, min_distance=3)])
def test_what_is_too_small_does_not_count(areas_of):
    region = discs((20, 20))
    disc = int(region.sum())
    region[50, 70] = True
    areas = areas_of(region)
    assert sorted(areas.tolist()) == [1, disc]
    assert [count(areas, min_area) for min_area in (1, 2, disc, disc + 1)] == [2, 1, 1, 0]
    assert areas_of(np.zeros((9, 9), bool)).size == 0


def test_a_disc_at_the_border_counts():
    assert len(basin_areas(discs((0, 40)), min_distance=5)) == 1


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_components_are_those_of_scipy_and_watershed_finds_no_fewer(region):
    labels, components = ndimage.label(region)
    assert component_areas(region).tolist() == ndimage.sum_labels(region, labels, range(1, components + 1)).tolist()
    assert len(basin_areas(region, min_distance=1)) >= components


def test_the_first_of_the_best_choices_is_taken():
    regions = [discs((20, 20), (20, 33)), discs((20, 20))]
    for region in regions:
        region[50, 70] = True
    options = [{"min_distance": distance} for distance in (30, 5, 6)]
    assert tuned(basin_areas, regions, np.array([2, 1]), [1, 9, 12], options) == (options[1], 9)
    assert tuned(component_areas, regions, np.array([2, 1]), [1, 9]) == ({}, 1)
