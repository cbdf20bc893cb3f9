"""Which predicted object is which true one: the rules that papers count by (Morelli et al. 2021, section 5.1)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from skimage.measure import regionprops


class Objects(NamedTuple):
    """Objects of an image in the order of their labels.

    Attributes:
        centroids: (n, 2) float64, rows and columns.
        box_centres: (n, 2) float64, the middles of their bounding boxes.
    """

    centroids: np.ndarray
    box_centres: np.ndarray


class Counts(NamedTuple):
    """Matched, false and missed objects."""

    true_positives: int
    false_positives: int
    false_negatives: int


def objects(instances: np.ndarray) -> Objects:
    """The objects of an instance mask (H, W) of integers, 0 for the background."""
    found = regionprops(instances)
    boxes = np.array([region.bbox for region in found], float).reshape(-1, 4)
    return Objects(
        np.array([region.centroid for region in found], float).reshape(-1, 2), (boxes[:, :2] + boxes[:, 2:]) / 2
    )


def by_target(truth: Objects, predicted: Objects, radius: float) -> np.ndarray:
    """The paper's rule: target by target, the closest predicted object still free, of centroids nearer than radius.

    Returns:
        (k, 2) int64, numbers of the true and the predicted object of each match.
    """
    return _nearest_free(cdist(truth.centroids, predicted.centroids), radius)


def by_prediction(truth: Objects, predicted: Objects, radius: float) -> np.ndarray:
    """The rule of the authors' code: prediction by prediction, the nearest target still free, by centres of boxes.

    The code takes centres in whole pixels and targets of 4 neighbours; here they are as under the other rules.

    Returns:
        As `by_target`.
    """
    return _nearest_free(cdist(predicted.box_centres, truth.box_centres), radius)[:, ::-1]


def optimal(truth: Objects, predicted: Objects, radius: float) -> np.ndarray:
    """As many matches as centroids nearer than radius allow, of these the least total distance (Kuhn 1955).

    Returns:
        As `by_target`.
    """
    distances = cdist(truth.centroids, predicted.centroids)
    allowed = distances < radius
    # one pair too far apart costs more than all allowed pairs together
    pairs = np.stack(
        linear_sum_assignment(np.where(allowed, distances, radius * (min(distances.shape, default=0) + 1))), axis=1
    )
    return pairs[allowed[tuple(pairs.T)]]


RULES: dict[str, Callable[[Objects, Objects, float], np.ndarray]] = {
    "paper": by_target,
    "authors' code": by_prediction,
    "optimal": optimal,
}


def counts(pairs: np.ndarray, truth: Objects, predicted: Objects) -> Counts:
    """What a matching says of an image."""
    return Counts(len(pairs), len(predicted.centroids) - len(pairs), len(truth.centroids) - len(pairs))


def f1(matched: Counts, smoothing: float = 0) -> float:
    """Harmonic mean of precision and recall; NaN without any object.

    Args:
        matched: of an image, or the sums of several.
        smoothing: added to numerator and denominator of both, 0.001 in the authors' code.
    """
    hits, false, missed = matched
    if not smoothing:
        return 2 * hits / (2 * hits + false + missed) if any(matched) else np.nan
    precision, recall = share(hits, hits + false, smoothing), share(hits, hits + missed, smoothing)
    return 2 * precision * recall / (precision + recall)


def share(hits: int, of: int, smoothing: float = 0) -> float:
    """Precision or recall: hits among so many objects, both enlarged by the smoothing; NaN of none without one."""
    return (hits + smoothing) / (of + smoothing) if of + smoothing else np.nan


def _nearest_free(distances: np.ndarray, radius: float) -> np.ndarray:
    """For line after line, the nearest column that no line before has taken, where it is nearer than radius."""
    free, pairs = distances.copy(), []
    for line, of_line in enumerate(free):
        nearest = of_line.argmin() if of_line.size else 0
        if of_line.min(initial=np.inf) < radius:
            pairs.append((line, nearest))
            free[:, nearest] = np.inf
    return np.array(pairs, np.int64).reshape(-1, 2)
