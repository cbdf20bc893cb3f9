"""Training of the count head on top of a trained segmentation network, whose weights stay as they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from nodes_unet import checkpoint
from nodes_unet.checkpoint import Description
from nodes_unet.data.batches import untuned
from nodes_unet.models import build
from nodes_unet.models.count_head import SCALES, scales_of
from nodes_unet.training import seed_everything


@dataclass(frozen=True)
class CountFitting:
    """How the head is fitted: sizes of its layers, epochs, batch size and Adam's learning rate."""

    scale_filters: int = 16
    units: int = 64
    epochs: int = 300
    batch_size: int = 16
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Counted:
    """Images with known counts.

    Attributes:
        images: preprocessed, (H, W, channels) float32 each; gone through once.
        counts: (n, counted).
    """

    images: Iterable[np.ndarray]
    counts: np.ndarray


def mirrored(known: Counted) -> Counted:
    """Each image as it is, mirrored in either axis, and in both, which changes neither counts nor shapes."""
    images = (each for image in known.images for each in (image, image[:, ::-1], image[::-1], image[::-1, ::-1]))
    return Counted(images, known.counts.repeat(4, axis=0))


def train_counts(
    segmentation: str | Path, training: Counted, validation: Counted, fitting: CountFitting, path: str | Path, seed: int
) -> keras.Model:
    """Trains a count head and leaves its checkpoint, that of the lowest val_loss.

    The regression is fitted to standardised means and counts, by mean squared error; the standardisation then goes
    into the weights of its first and last layers. All means share one unit: with a unit each, the hundreds of channels
    of the deep scales, which hardly vary, would drown the few that see cells.

    Args:
        segmentation: checkpoint of the trained network.
        training, validation: images.
        fitting: how.
        path: of the checkpoint to write.
        seed: of weights and order.

    Returns:
        The trained `count_head`.

    Raises:
        InputError: a checkpoint cannot be read or written.
    """
    described, trunk = checkpoint.read_description(segmentation), checkpoint.load(segmentation)
    arguments = {
        "network": described.network,
        "arguments": described.arguments,
        "counted": training.counts.shape[1],
        "scale_filters": fitting.scale_filters,
        "units": fitting.units,
    }
    seed_everything(seed)
    model = build("count_head", **arguments)
    scales, regression = model.get_layer("scales"), model.get_layer("regression")
    scales.set_weights(scales_of(trunk).get_weights())
    means = {"train": _means(scales, training.images), "val": _means(scales, validation.images)}
    spread = np.sqrt(np.concatenate(means["train"], axis=1).var(axis=0).sum())
    inputs = [_Standard(mean, spread) for mean in means["train"]]
    outputs = _Standard(training.counts, training.counts.std(axis=0))
    best = _fit(regression, means, inputs, outputs, training, validation, fitting)
    _absorb(regression, inputs, outputs)
    description = Description("count_head", arguments, described.classes, described.preprocessing, {}, *best)
    checkpoint.save(model, description, path)
    return model


class _Standard:
    """Zero mean over the training images, in units of a deviation; what does not vary there is left unscaled."""

    def __init__(self, values: np.ndarray, deviation: np.ndarray):
        self.mean = values.mean(axis=0)
        self.deviation = np.where(deviation > 1e-6, deviation, 1.0)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        return ((values - self.mean) / self.deviation).astype(np.float32)


def _means(scales: keras.Model, images: Iterable[np.ndarray]) -> list[np.ndarray]:
    by_image = [scales.predict_on_batch(image[None]) for image in images]
    return [np.concatenate(means) for means in zip(*by_image, strict=True)]


def _fit(regression, means, inputs, outputs, training, validation, fitting) -> tuple[int, float]:
    def standardised(side: str, counts: np.ndarray) -> tf.data.Dataset:
        x = tuple(standard(mean) for standard, mean in zip(inputs, means[side], strict=True))
        return tf.data.Dataset.from_tensor_slices((x, outputs(counts)))

    examples, held_out = standardised("train", training.counts), standardised("val", validation.counts)
    regression.compile(keras.optimizers.Adam(fitting.learning_rate), "mse")
    best = keras.callbacks.EarlyStopping("val_loss", patience=fitting.epochs, restore_best_weights=True)
    history = regression.fit(
        untuned(examples.shuffle(len(examples)).batch(fitting.batch_size)),
        epochs=fitting.epochs,
        validation_data=untuned(held_out.batch(len(held_out))),
        callbacks=[best],
        verbose=0,
        shuffle=False,
    ).history["val_loss"]
    return int(np.argmin(history)) + 1, float(min(history))


def _absorb(regression: keras.Model, inputs: list[_Standard], outputs: _Standard) -> None:
    """Has the first layers take means, and the last one give counts, as they are."""
    for stage, standard in zip(SCALES, inputs, strict=True):
        layer = regression.get_layer(f"scale{stage}")
        kernel, bias = layer.get_weights()
        kernel = kernel / standard.deviation
        layer.set_weights([kernel, bias - standard.mean @ kernel])
    layer = regression.get_layer("linear")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * outputs.deviation, bias * outputs.deviation + outputs.mean])
