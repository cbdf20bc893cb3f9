"""Classifiers of Keras Applications, whose sizes Abbas & Abdulmunim 2023 compare (Table 1)."""

import keras

# what keras.applications.DenseNet121 to 201 call with blocks of their own
from keras.src.applications.densenet import DenseNet

# blocks of dense layers, as Huang et al. 2017 (Table 1) give them; Keras Applications stops at 201
DENSENET_264 = (6, 12, 64, 48)


def classifier(architecture: str, outputs: int = 1000) -> keras.Model:
    """A classifier with its head, with fresh weights.

    Args:
        architecture: a function of `keras.applications`, such as `EfficientNetB0`, or `DenseNet264`.
        outputs: classes of the head.

    Raises:
        ValueError: the architecture is unknown.
    """
    if architecture == "DenseNet264":
        return DenseNet(DENSENET_264, weights=None, classes=outputs)
    builder = getattr(keras.applications, architecture, None)
    if not callable(builder):
        raise ValueError(f"architecture {architecture!r} is not in Keras Applications: try EfficientNetB0")
    return builder(weights=None, classes=outputs)
