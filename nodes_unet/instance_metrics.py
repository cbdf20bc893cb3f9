"""Quality of instances by their overlap: average precision and panoptic quality."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from skimage.segmentation import relabel_sequential

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def overlap_matrix(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """IoU of each true (rows) with each predicted object (columns), in the order of their labels.

    Args:
        truth, predicted: instance masks (H, W) of integers, 0 for the background, of one shape.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"truth {truth.shape} and prediction {predicted.shape} differ in shape")
    rows, columns = (relabel_sequential(labels.astype(np.int64))[0] for labels in (truth, predicted))
    shape = rows.max(initial=0) + 1, columns.max(initial=0) + 1
    both = np.bincount((rows * shape[1] + columns).ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return both[1:, 1:] / either[1:, 1:]


def matched_overlaps(overlaps: np.ndarray, threshold: float) -> np.ndarray:
    """IoU of matched objects: as many pairs of at least the threshold as there can be, and of these the best."""
    allowed = overlaps >= threshold
    pairs = linear_sum_assignment(np.where(allowed, 1 + overlaps / (overlaps.size + 1), 0), maximize=True)
    return overlaps[pairs][allowed[pairs]]


def average_precision(overlaps: np.ndarray, thresholds: Sequence[float] = THRESHOLDS) -> dict[float, float]:
    """TP / (TP + FP + FN) at each threshold of the IoU (Caicedo et al., Nature Methods 16:1247, 2019).

    NaN where there is no object in truth and prediction.
    """
    objects = sum(overlaps.shape)
    hits = {threshold: len(matched_overlaps(overlaps, threshold)) for threshold in thresholds}
    return {threshold: found / (objects - found) if objects else np.nan for threshold, found in hits.items()}


def panoptic_quality(overlaps: np.ndarray) -> float:
    """Sum of the IoU of matched objects / (TP + FP / 2 + FN / 2) (Kirillov et al., CVPR 2019).

    Matched are those with an IoU above 1/2. NaN where there is no object in truth and prediction.
    """
    matched = overlaps[overlaps > 0.5]
    return float(matched.sum() / (sum(overlaps.shape) / 2)) if sum(overlaps.shape) else np.nan
