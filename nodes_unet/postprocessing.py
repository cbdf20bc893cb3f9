"""From a probability map to instances: clean, and separate what touches (Morelli et al. 2021, section 4.3).

The paper gives the steps; the numbers are those of the authors' code (github.com/robomorelli/cell_counting_yellow).
"""

from inspect import signature
from numbers import Real

import numpy as np
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import remove_small_holes, remove_small_objects
from skimage.segmentation import watershed

from nodes_unet.distances import inner_distances
from nodes_unet.errors import InputError


def cleaned(region: np.ndarray, hole: int = 600, smallest: int = 200) -> np.ndarray:
    """A region (H, W) bool without holes of fewer than `hole` pixels and objects of fewer than `smallest`.

    Neighbours are the 4 of a pixel, as in the authors' code.
    """
    filled = remove_small_holes(region, max_size=hole - 1) if hole else region
    return remove_small_objects(filled, max_size=smallest - 1) if smallest else filled


def separated(
    region: np.ndarray, smoothing: int = 30, apart: int = 40, marker: int = 25, compactness: float = 1
) -> np.ndarray:
    """Instances of a region by the watershed of its distance transform.

    Markers are the plateaus of the region that stay highest in a window of `apart` pixels after a maximum filter of
    `smoothing`. An object that is lower than another one so near has none, or one of fewer pixels than `marker`, and is
    lost, as in the authors' code. That asks for a line between instances too, which scikit-image of today does
    not draw where basins are compact, and counts the components beside it; here each basin is an instance.

    Args:
        region: (H, W) bool.
        smoothing, apart: pixels, sides of square windows.
        marker: pixels of the smallest marker that is kept.
        compactness: of the basins (Neubert & Protzel 2014); 0 is the plain watershed.

    Returns:
        (H, W) int32, 0 for the background.
    """
    if region.all():
        return label(region)
    distance = inner_distances(region)
    raised = np.where(region, ndimage.maximum_filter(distance, smoothing, mode="constant"), 0)
    highest = region & (raised == ndimage.maximum_filter(raised, apart, mode="constant"))
    markers = label(remove_small_objects(highest, max_size=marker - 1), connectivity=1)
    return watershed(-distance, markers, mask=region, compactness=compactness)


_CLEANING, _SEPARATING = (tuple(signature(step).parameters)[1:] for step in (cleaned, separated))
OPTIONS = frozenset({"watershed", *_CLEANING, *_SEPARATING})
"""What `instances` can be told beside the probabilities and the threshold."""


def instances(probability: np.ndarray, threshold: float, watershed: bool = True, **options: float) -> np.ndarray:
    """Instances in a probability map.

    Args:
        probability: (H, W) float32.
        threshold: pixels at or above it belong to objects.
        watershed: whether touching objects are separated; without, an instance is a connected component.
        **options: of `cleaned` and `separated`.

    Returns:
        (H, W) int32, 0 for the background.

    Raises:
        InputError: the probability map is not two-dimensional, or the threshold is no number.
    """
    if np.ndim(probability) != 2 or not isinstance(threshold, Real):
        raise InputError(
            f"instances are found in a probability map (H, W) at a threshold, not in {np.shape(probability)} at "
            f"{threshold!r}: give one class's channel and its threshold"
        )
    cleaning = {name: options.pop(name) for name in _CLEANING if name in options}
    region = cleaned(probability >= threshold, **cleaning)
    return separated(region, **options) if watershed else label(region)
