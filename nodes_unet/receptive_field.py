"""The effective receptive field of a network: how far the input reaches that an output depends on.

Luo et al., Understanding the effective receptive field in deep convolutional neural networks, NeurIPS 2016.
"""

import contextlib
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from nodes_unet.errors import SolverError


def effective_receptive_field(model: keras.Model, images: Iterable[np.ndarray]) -> np.ndarray:
    """How much the prediction at the centre depends on each pixel.

    The magnitude of the gradient of the log-odds of the centre's most probable class, summed over channels, brought to
    a sum of 1 and averaged over images. An image whose centre is predicted with a probability of 1 to the last bit has
    no gradient and is left out, and so is one on which the solve of an ODE-block fails.

    Args:
        model: network from (1, H, W, channels) to class probabilities (1, H, W, classes).
        images: preprocessed, (H, W, channels) float32 each, of one size.

    Returns:
        (H, W) float64; NaN where no image has a gradient.
    """
    fields = []
    for image in images:
        with contextlib.suppress(SolverError):
            fields.append(_gradient(model, image))
    fields = [field for field in fields if field.sum() > 0]
    if not fields:
        return np.full(model.input_shape[1:3], np.nan)
    return np.mean([field / field.sum() for field in fields], axis=0)


def radius(field: np.ndarray) -> float:
    """Root of the mean squared distance from the centre, pixels, of a field (H, W) with the sum 1."""
    rows, columns = np.indices(field.shape)
    row, column = _centre(field.shape)
    return float(np.sqrt((field * ((rows - row) ** 2 + (columns - column) ** 2)).sum()))


def _gradient(model: keras.Model, image: np.ndarray) -> np.ndarray:
    pixels = tf.constant(image[None])
    row, column = _centre(image.shape)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        probabilities = model(pixels, training=False)[0, row, column]
        best = tf.reduce_max(probabilities)
        log_odds = tf.math.log(best) - tf.math.log1p(-best)
    gradient = np.abs(np.asarray(tape.gradient(log_odds, pixels))[0], dtype=np.float64).sum(axis=-1)
    return np.where(np.isfinite(gradient), gradient, 0)


def _centre(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0] // 2, shape[1] // 2
