"""Batches for training, streamed from the dataset store: nothing derived from an image is kept."""

from collections.abc import Callable
from copy import copy

import numpy as np
import tensorflow as tf

from nodes_unet.data.crops import Crops
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.store import Split
from nodes_unet.data.targets import classes, filled

Augment = Callable[[np.ndarray, np.ndarray, int, int], tuple[np.ndarray, np.ndarray]]


def untuned(stream: tf.data.Dataset) -> tf.data.Dataset:
    """A stream without tf.data's tuner, for which TensorFlow 2.21 waits whenever an iteration ends.

    The tuner sleeps for 10 ms, then 20 and so on, so that the next epoch begins up to as much later as this one took.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return stream.with_options(options)


class Batches:
    """Batch i of epoch e as a function of (seed, e, i) alone, so that a resumed training sees what it would have seen.

    Each item is read, resized, augmented, equalised and scaled when its batch is asked for.

    Args:
        split: where images and masks come from, whole or as crops.
        items: (n, 2) int64, image number and copy number.
        batch_size: items in a batch; the last incomplete batch of a shuffled epoch is left out.
        preprocessing: resizing and equalisation.
        augment: makes the copies.
        seed: of the order; None keeps the items' order, the incomplete last batch included.
        target: makes labels of a mask, as in `nodes_unet.data.targets`.
        separate: puts background between the instances of an augmented mask, as `nodes_unet.data.targets.apart` does.
        weights: makes weights (H, W) float32 of such a mask, as in `nodes_unet.weight_maps`, and labels are then 1 on
            its objects; None for none.
    """

    def __init__(
        self,
        split: Split | Crops,
        items: np.ndarray,
        batch_size: int,
        preprocessing: Preprocessing,
        augment: Augment,
        seed: int | None = None,
        target: Callable[[np.ndarray], np.ndarray] = classes,
        separate: Callable[[np.ndarray], np.ndarray] = classes,
        weights: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        self.split, self.items, self.batch_size = split, items, min(batch_size, len(items))
        self.preprocessing, self.augment, self.seed = preprocessing, augment, seed
        self.target, self.separate, self.weights = target, separate, weights
        self.epoch = 0

    @property
    def num_batches(self) -> int:
        """Batches an epoch."""
        whole, rest = divmod(len(self.items), self.batch_size)
        return whole + bool(rest and self.seed is None)

    def stream(self) -> tf.data.Dataset:
        """The epoch's batches in order, the next one made while one is trained on."""
        signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in self[0])
        batches = tf.data.Dataset.from_generator(
            lambda: map(self.__getitem__, range(self.num_batches)), output_signature=signature
        )
        known = tf.data.experimental.assert_cardinality(self.num_batches)
        return untuned(batches.apply(known).prefetch(1))

    def head(self, batches: int) -> "Batches":
        """The first `batches` batches."""
        first = copy(self)
        first.items = self.items[: batches * self.batch_size]
        return first

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        """Images (B, H, W, 3) float32, labels (B, H, W) uint8 and, where there are some, weights (B, H, W) float32."""
        chosen = self._order()[number * self.batch_size : (number + 1) * self.batch_size]
        images, masks = map(np.stack, zip(*(self._example(*self.items[place]) for place in chosen), strict=True))
        if self.weights is None:
            return images, masks
        return images, filled(masks), np.stack([self.weights(mask) for mask in masks])

    def _order(self) -> np.ndarray:
        if self.seed is None:
            return np.arange(len(self.items))
        return np.random.default_rng([self.seed, self.epoch]).permutation(len(self.items))

    def _example(self, index: int, copy: int) -> tuple[np.ndarray, np.ndarray]:
        sample = self.split[int(index)]
        image, mask = self.preprocessing.resize(sample.image, self.target(sample.mask))
        image, mask = self.augment(image, mask, int(index), int(copy))
        return self.preprocessing.scale(self.preprocessing.equalise(image)), self.separate(mask)
