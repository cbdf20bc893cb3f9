"""Losses, by name, between labels (B, H, W) and class probabilities (B, H, W, classes)."""

import keras
from keras import ops

from nodes_unet.errors import InputError


def loss(name: str, classes: int, **options: float) -> keras.losses.Loss:
    """A loss between labels (B, H, W) and class probabilities (B, H, W, classes).

    Args:
        name: one of `LOSSES`.
        classes: number of classes; with one, labels are 0 and 1.
        **options: `alpha` and `beta` of the losses that have them.

    Raises:
        InputError: the name is unknown, or the loss has no such option.
    """
    if name not in LOSSES:
        raise InputError(f"loss {name!r} is none of {', '.join(LOSSES)}")
    try:
        return LOSSES[name](classes, **options)
    except TypeError as error:
        raise InputError(f"loss {name}: {error}") from error


class BinaryCrossEntropy(keras.losses.Loss):
    """Equation 7 of Li et al. 2021: -(y ln a + (1 - y) ln(1 - a)), averaged over pixels and classes.

    The equation's n is not explained; the mean over pixels and classes is Keras' reading of the same formula.
    """

    def __init__(self, classes: int):
        super().__init__(name="binary_cross_entropy")
        self.classes = classes

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, classes) probabilities to (B, H, W)."""
        if self.classes == 1:
            truth = ops.expand_dims(ops.cast(y_true, y_pred.dtype), -1)
        else:
            truth = ops.one_hot(ops.cast(y_true, "int32"), self.classes)
        return keras.losses.binary_crossentropy(truth, y_pred)


class Dice(keras.losses.Loss):
    """1 - Dice, of each image (Abbas & Abdulmunim 2023, equation 3)."""

    def __init__(self, classes: int):
        super().__init__(name="dice")
        _one(classes, "dice")

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, 1) probabilities to (B,)."""
        return 1 - soft_dice(y_true, y_pred)


class WeightedBinaryCrossEntropy(keras.losses.Loss):
    """-(beta y ln a + (1 - beta) (1 - y) ln(1 - a)) (Taghanaki et al. 2019, equation 3, its first part).

    A beta above 1/2 punishes missed pixels more than false ones.
    """

    def __init__(self, classes: int, beta: float = 0.5):
        super().__init__(name="weighted_binary_cross_entropy")
        _one(classes, self.name)
        self.beta = beta

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, 1) probabilities to (B, H, W)."""
        truth, predicted = _pair(y_true, y_pred)
        return -(self.beta * truth * ops.log(predicted) + (1 - self.beta) * (1 - truth) * ops.log(1 - predicted))


class Combo(keras.losses.Loss):
    """alpha times the weighted cross-entropy - (1 - alpha) Dice (Taghanaki et al. 2019, equation 3).

    Abbas & Abdulmunim 2023 (section 3.6) use it and cite Ma et al. 2021 for it.

    Attributes:
        least: alpha - 1, the loss of a perfect prediction; above it the loss is alpha times the cross-entropy +
            (1 - alpha) (1 - Dice).
    """

    def __init__(self, classes: int, alpha: float = 0.5, beta: float = 0.5):
        super().__init__(name="combo")
        self.alpha, self.cross_entropy = alpha, WeightedBinaryCrossEntropy(classes, beta)
        self.least = alpha - 1

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, 1) probabilities to (B,)."""
        cross_entropy = ops.mean(self.cross_entropy.call(y_true, y_pred), axis=(1, 2))
        return self.alpha * cross_entropy - (1 - self.alpha) * soft_dice(y_true, y_pred)


class ComboAsPrinted(keras.losses.Loss):
    """Equations 1 to 3 of Abbas & Abdulmunim 2023 to the letter, which are not the combo loss.

    Equation 1 has beta (y - ln a) for beta y ln a; equation 2 subtracts the Dice loss, 1 - Dice, for Dice, so it gets
    smaller the worse the overlap is.
    """

    def __init__(self, classes: int, alpha: float = 0.5, beta: float = 0.5):
        super().__init__(name="combo_as_printed")
        _one(classes, self.name)
        self.alpha, self.beta = alpha, beta

    def call(self, y_true, y_pred):
        """(B, H, W) labels and (B, H, W, 1) probabilities to (B,)."""
        truth, predicted = _pair(y_true, y_pred)
        terms = self.beta * (truth - ops.log(predicted)) + (1 - self.beta) * (1 - truth) * ops.log(1 - predicted)
        return -self.alpha * ops.mean(terms, axis=(1, 2)) - (1 - self.alpha) * (1 - soft_dice(y_true, y_pred))


def soft_dice(y_true, y_pred, smoothing: float = 1.0):
    """(2 sum(y a) + s) / (sum(y) + sum(a) + s) of each image: (B, H, W) and (B, H, W, 1) to (B,)."""
    truth, predicted = ops.cast(y_true, y_pred.dtype), ops.squeeze(y_pred, -1)
    both, either = ops.sum(truth * predicted, axis=(1, 2)), ops.sum(truth + predicted, axis=(1, 2))
    return (2 * both + smoothing) / (either + smoothing)


def _pair(y_true, y_pred):
    """Labels and probabilities (B, H, W), these kept off 0 and 1."""
    epsilon = keras.config.epsilon()
    return ops.cast(y_true, y_pred.dtype), ops.clip(ops.squeeze(y_pred, -1), epsilon, 1 - epsilon)


def _one(classes: int, name: str) -> None:
    if classes != 1:
        raise InputError(f"loss {name} is for one class and a sigmoid, not for {classes} classes")


LOSSES = {
    "categorical_cross_entropy": lambda classes: keras.losses.SparseCategoricalCrossentropy(
        name="categorical_cross_entropy"
    ),
    "binary_cross_entropy": BinaryCrossEntropy,
    "dice": Dice,
    "weighted_binary_cross_entropy": WeightedBinaryCrossEntropy,
    "combo": Combo,
    "combo_as_printed": ComboAsPrinted,
}
