"""Segmentation metrics from a streaming confusion matrix: PA, CPA, IoU and MIoU (Li et al. 2021, Tables 1 and 2).

Pooled metrics come from the matrix of all pixels of all images. Per-image metrics are computed for each image and then
averaged. A class that is absent from truth and prediction alike has no CPA and no IoU: it is left out of the mean.
"""

from collections.abc import Sequence

import numpy as np


def confusion_matrix(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Counts pixels by true class (rows) and predicted class (columns).

    Args:
        truth, prediction: integer labels 0 to classes - 1, of one shape.
        classes: number of classes.

    Returns:
        (classes, classes) int64. Matrices of several images add up.

    Raises:
        ValueError: the shapes differ or a label is out of range.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth {truth.shape} and prediction {prediction.shape} differ in shape")
    pairs = np.asarray(truth, np.int64).ravel(), np.asarray(prediction, np.int64).ravel()
    if any(labels.size and (labels.min() < 0 or labels.max() >= classes) for labels in pairs):
        raise ValueError(f"labels must lie between 0 and {classes - 1}")
    return np.bincount(pairs[0] * classes + pairs[1], minlength=classes**2).reshape(classes, classes)


def pixel_accuracy(matrix: np.ndarray) -> float:
    """PA: share of pixels with the right class."""
    return float(_ratio(np.trace(matrix), matrix.sum()))


def recall(matrix: np.ndarray) -> np.ndarray:
    """CPA as recall, (classes,): share of a class's true pixels that are found; NaN for a class that has none.

    Table 1 of Li et al. 2021 decides for this reading: PA is there the mean of CPA weighted with fixed class shares.
    """
    return _ratio(np.diag(matrix), matrix.sum(axis=1))


def precision(matrix: np.ndarray) -> np.ndarray:
    """CPA as precision, (classes,): share of a class's predicted pixels that are right; NaN where there are none."""
    return _ratio(np.diag(matrix), matrix.sum(axis=0))


def iou(matrix: np.ndarray) -> np.ndarray:
    """Intersection over union, (classes,); NaN for a class that is absent from truth and prediction."""
    hits = np.diag(matrix)
    return _ratio(hits, matrix.sum(axis=0) + matrix.sum(axis=1) - hits)


def mean_iou(matrix: np.ndarray) -> float:
    """MIoU: mean IoU over the classes that occur in truth or prediction."""
    return float(np.nanmean(iou(matrix)))


def pooled(matrix: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    """Every metric of one confusion matrix, by name: `pa`, `miou`, `cpa_white.recall`, `iou_white`, ...

    Args:
        matrix: (classes, classes) counts.
        classes: class names.

    Returns:
        Fractions between 0 and 1, NaN where a class gives none.
    """
    values = {"pa": pixel_accuracy(matrix), "miou": mean_iou(matrix)}
    for name, recalled, precise, overlap in zip(classes, recall(matrix), precision(matrix), iou(matrix), strict=True):
        values |= {
            f"cpa_{name}.recall": float(recalled),
            f"cpa_{name}.precision": float(precise),
            f"iou_{name}": float(overlap),
        }
    return values


def counts(matrix: np.ndarray, classes: Sequence[str]) -> dict[str, int]:
    """The matrix itself, by name: `pixels_<true class>_as_<predicted class>`."""
    return {
        f"pixels_{true}_as_{predicted}": int(matrix[row, column])
        for row, true in enumerate(classes)
        for column, predicted in enumerate(classes)
    }


def _ratio(part, whole):
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
