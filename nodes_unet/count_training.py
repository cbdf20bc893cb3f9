"""Training of the count head on top of a trained segmentation network, whose weights stay as they are."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np
from sklearn.linear_model import RidgeCV

from nodes_unet import checkpoint
from nodes_unet.checkpoint import Description
from nodes_unet.inference import outputs
from nodes_unet.models import build
from nodes_unet.models.count_head import SCALES, scales_of


def train_counts(
    segmentation: str | Path,
    images: Iterable[np.ndarray],
    counts: np.ndarray,
    penalties: Sequence[float],
    path: str | Path,
) -> tuple[keras.Model, np.ndarray]:
    """Fits a count head by ridge regression and leaves its checkpoint.

    A count head is one linear map of means, so its best weights are known in closed form. The means are taken in one
    unit, that in which their variances add up to 1: with a unit each, the hundreds of channels of the deep scales,
    which hardly vary, would drown the few that see cells.

    Args:
        segmentation: checkpoint of the trained network.
        images: preprocessed, (H, W, channels) float32 each; gone through once.
        counts: (n, counted), the images' counts.
        penalties: of the squared weights, to choose from by the absolute error where one image is left out.
        path: of the checkpoint to write.

    Returns:
        The trained `count_head`, and the penalties (counted,) that were chosen.

    Raises:
        InputError: a checkpoint cannot be read or written.
        SolverError: a solve of an ODE-block failed.
    """
    described, trunk = checkpoint.read_description(segmentation), checkpoint.load(segmentation)
    arguments = {"network": described.network, "arguments": described.arguments, "counted": counts.shape[1]}
    model = build("count_head", **arguments)
    model.get_layer("scales").set_weights(scales_of(trunk).get_weights())
    means = _means(model.get_layer("scales"), images)
    unit = np.sqrt(means.var(axis=0).sum()) or 1.0
    ridge = RidgeCV(penalties, scoring="neg_mean_absolute_error", alpha_per_target=True).fit(means / unit, counts)
    weights = ridge.coef_.reshape(counts.shape[1], -1).T / unit
    _set_weights(model.get_layer("regression"), weights, np.atleast_1d(ridge.intercept_))
    description = Description("count_head", arguments, described.classes, described.preprocessing)
    checkpoint.save(model, description, path)
    return model, np.atleast_1d(ridge.alpha_)


def _means(scales: keras.Model, images: Iterable[np.ndarray]) -> np.ndarray:
    """(n, channels of all scales) float64."""
    by_image = [np.concatenate(outputs(scales, image[None]), axis=1) for image in images]
    return np.concatenate(by_image).astype(np.float64)


def _set_weights(regression: keras.Model, weights: np.ndarray, intercept: np.ndarray) -> None:
    """Gives each scale its rows of `weights`, and has the fully connected layer add the scales up."""
    layers = [regression.get_layer(f"scale{stage}") for stage in SCALES]
    ends = np.cumsum([layer.kernel.shape[0] for layer in layers])
    for layer, kernel in zip(layers, np.split(weights, ends[:-1]), strict=True):
        layer.set_weights([kernel])
    adding = np.tile(np.eye(len(intercept)), (len(layers), 1))
    regression.get_layer("fully_connected").set_weights([adding, intercept])
