"""Counting objects in a segmentation: connected components, and watershed where objects touch."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.measure import label
from skimage.segmentation import watershed


def component_areas(region: np.ndarray) -> np.ndarray:
    """Pixels of each connected component (4 neighbours) of a region (H, W) bool."""
    return _areas(label(region, connectivity=1))


def basin_areas(region: np.ndarray, min_distance: int) -> np.ndarray:
    """Pixels of each basin of the watershed of a region (H, W) bool.

    Basins grow from the peaks of the distance to what is not in the region that lie `min_distance` pixels or more apart
    (Vincent & Soille, IEEE PAMI 13:583-598, 1991).
    """
    if region.all():
        return np.array([region.size])
    distance, components = ndimage.distance_transform_edt(region), label(region, connectivity=1)
    peaks = peak_local_max(distance, min_distance=min_distance, labels=components, exclude_border=False)
    markers = np.zeros(region.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return _areas(watershed(-distance, markers, mask=region))


def count(areas: np.ndarray, min_area: int) -> int:
    """How many objects have at least so many pixels."""
    return int((areas >= min_area).sum())


def tuned(
    areas_of: Callable[..., np.ndarray],
    regions: Sequence[np.ndarray],
    truth: np.ndarray,
    min_areas: Sequence[int],
    options: Sequence[Mapping[str, int]] = ({},),
) -> tuple[Mapping[str, int], int]:
    """The option of `areas_of` and the smallest area with which counts have the smallest mean absolute error.

    Args:
        areas_of: `component_areas` or `basin_areas`.
        regions: (H, W) bool each.
        truth: (n,) how many objects each region holds.
        min_areas, options: what to choose from; of equally good ones the first is taken.
    """
    errors = {}
    for number, option in enumerate(options):
        areas = [areas_of(region, **option) for region in regions]
        for min_area in min_areas:
            found = np.array([count(each, min_area) for each in areas])
            errors[number, min_area] = float(np.abs(found - truth).mean())
    number, min_area = min(errors, key=errors.get)
    return options[number], min_area


def _areas(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels.ravel())[1:]
