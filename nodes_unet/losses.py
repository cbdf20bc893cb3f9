"""Losses, by name."""

import keras
from keras import ops

from nodes_unet.errors import InputError


def loss(name: str, classes: int) -> keras.losses.Loss:
    """A loss between labels (B, H, W) and class probabilities (B, H, W, classes).

    Args:
        name: `"categorical_cross_entropy"` (Li et al. 2021, section 3.3, the text) or `"binary_cross_entropy"` (the
            form that equation 7 prints, on one-hot labels).
        classes: number of classes.

    Raises:
        InputError: the name is unknown.
    """
    if name == "categorical_cross_entropy":
        return keras.losses.SparseCategoricalCrossentropy(name=name)
    if name == "binary_cross_entropy":
        return BinaryCrossEntropy(classes)
    raise InputError(f"loss {name!r} is none of categorical_cross_entropy, binary_cross_entropy")


class BinaryCrossEntropy(keras.losses.Loss):
    """Equation 7 of Li et al. 2021: -(y ln a + (1 - y) ln(1 - a)), averaged over pixels and classes.

    The equation's n is not explained; the mean over pixels and classes is Keras' reading of the same formula.
    """

    def __init__(self, classes: int, **arguments):
        super().__init__(**({"name": "binary_cross_entropy"} | arguments))
        self.classes = classes

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, classes) probabilities to (B, H, W)."""
        one_hot = ops.one_hot(ops.cast(y_true, "int32"), self.classes)
        return keras.losses.binary_crossentropy(one_hot, y_pred)
