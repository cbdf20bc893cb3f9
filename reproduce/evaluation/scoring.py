"""Pooled accuracy of a network on images, counting failed solves."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import keras
import numpy as np

from nodes_unet import metrics
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.errors import SolverError
from nodes_unet.inference import segment
from nodes_unet.ode import ode_blocks


class Score(NamedTuple):
    """Accuracy on some images.

    Attributes:
        pa, miou: pooled, shares.
        nfe: mean over images, sum over ODE-blocks.
        failed: images on which a solve failed.
    """

    pa: float
    miou: float
    nfe: float
    failed: int


def score(model: keras.Model, preprocessing: Preprocessing, samples: Iterable[Sample], classes: Sequence[str]) -> Score:
    """Segments images. One whose solve failed has no segmentation: all of its pixels count as wrong."""
    matrix, evaluations, failed = 0, [], 0
    for sample in samples:
        try:
            labels = segment(model, preprocessing, sample.image)
        except SolverError:
            failed += 1
            labels = wrong(sample.mask, len(classes))
        matrix += metrics.confusion_matrix(sample.mask, labels, len(classes))
        evaluations.append(sum(block.nfe for block in ode_blocks(model)))
    pooled = metrics.pooled(matrix, classes)
    return Score(pooled["pa"], pooled["miou"], float(np.mean(evaluations)), failed)


def wrong(truth: np.ndarray, classes: int) -> np.ndarray:
    """Labels (H, W) that are wrong in every pixel, for an image whose solve failed."""
    return (truth + 1) % classes
