"""c-ResUnet of Morelli et al. 2021 (section 4.4, Figure 5) and its family."""

import keras
from keras import layers

from nodes_unet.models.normalisation import set_momentum
from nodes_unet.models.padding import CropTo, PadToMultiple

LEVELS = 3  # poolings


def c_resunet(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    classes: int = 1,
    filters: int = 16,
    colour_space: bool = True,
    bridge_units: int = 2,
    bridge_kernel: int = 5,
    bridge_dilation: int = 1,
    residual: bool = True,
    batch_norm_momentum: float = 0.99,
) -> keras.Model:
    """c-ResUnet: a U-Net of residual units on a learned colour space of one channel, with a wide bridge.

    With the defaults, which are the paper's as far as it gives them, it has 1,709,177 parameters. Where the text is
    silent it follows the authors' published code (github.com/robomorelli/cell_counting_yellow): the widths, batch
    normalisation and ELU behind the colour space and before each convolution of a unit, 1x1 convolutions as shortcuts
    on the way down, the transposed convolution as the shortcut on the way up, and the initial weights.

    Args:
        input_shape: (H, W, channels); H and W may be anything from 4 on, and None: what is missing to multiples of 8 is
            mirrored inside and cut off again.
        classes: channels of the softmax; 1 gives a sigmoid.
        filters: width of the first level, doubled on each of three further ones.
        colour_space: the 1x1 convolution to one channel in front (the c).
        bridge_units: residual units at the bottom; the paper adds a second one.
        bridge_kernel, bridge_dilation: of their convolutions.
        residual: whether units have shortcuts; without, it is a U-Net of the same convolutions.
        batch_norm_momentum: how much of the moving averages of batch normalisation each training step keeps; 0.99 is
            that of Keras.

    Returns:
        A model from (B, H, W, channels) to class probabilities (B, H, W, classes), float32.

    Raises:
        ValueError: `bridge_units` is not positive.
    """
    if bridge_units < 1:
        raise ValueError(f"bridge_units {bridge_units} must be positive")
    image = keras.Input(input_shape, name="image")
    x = PadToMultiple(2**LEVELS, name="pad")(image)
    if colour_space:
        x = layers.Conv2D(1, 1, kernel_initializer="he_normal", name="colour_space_conv")(x)
        x = _activated(x, "colour_space")
    x = _convolution(x, filters, "down1_conv1")
    x = skip = _convolution(_activated(x, "down1"), filters, "down1_conv2")
    skips = []
    for level in range(2, LEVELS + 2):
        skips.append(skip)
        x = layers.MaxPooling2D(2, name=f"down{level}_pool")(x)
        bridge = level == LEVELS + 1
        form = {"kernel_size": bridge_kernel, "dilation_rate": bridge_dilation} if bridge else {}
        width = filters * 2 ** (level - 1)
        shortcut = _convolution(x, width, f"down{level}_shortcut", kernel_size=1) if residual else None
        x = skip = _unit(x, shortcut, width, f"down{level}", **form)
        for unit in range(2, bridge_units + 1) if bridge else ():
            x = _unit(x, x if residual else None, width, f"down{level}_unit{unit}", **form)
    for level in range(LEVELS, 0, -1):
        width = filters * 2 ** (level - 1)
        upsampled = layers.Conv2DTranspose(width, 2, strides=2, name=f"up{level}_upconv")(x)
        x = layers.Concatenate(name=f"up{level}_concat")([skips.pop(), upsampled])
        x = _unit(x, upsampled if residual else None, width, f"up{level}")
    activation = "sigmoid" if classes == 1 else "softmax"
    x = layers.Conv2D(classes, 1, activation=activation, dtype="float32", name="padded_probabilities")(x)
    model = keras.Model(image, CropTo(name="probabilities", dtype="float32")([x, image]))
    set_momentum(model, batch_norm_momentum)
    return model


def resunet(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    classes: int = 1,
    filters: int = 16,
    residual: bool = True,
    batch_norm_momentum: float = 0.99,
) -> keras.Model:
    """c-ResUnet without colour space and second bridge unit, which the paper adds to the ResUnet of Zhang et al. 2018.

    The bridge keeps the 5x5 convolutions, which the paper adds as well. Arguments and returns as for `c_resunet`.
    """
    return c_resunet(
        input_shape,
        classes,
        filters,
        colour_space=False,
        bridge_units=1,
        residual=residual,
        batch_norm_momentum=batch_norm_momentum,
    )


def _unit(x, shortcut, width: int, name: str, **form):
    """Batch normalisation, ELU and convolution, twice, and the shortcut added (He et al. 2016)."""
    for convolution in (1, 2):
        x = _convolution(_activated(x, f"{name}_{convolution}"), width, f"{name}_conv{convolution}", **form)
    return x if shortcut is None else layers.Add(name=f"{name}_add")([shortcut, x])


def _activated(x, name: str):
    return layers.Activation("elu", name=f"{name}_elu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def _convolution(x, width: int, name: str, kernel_size: int = 3, dilation_rate: int = 1):
    return layers.Conv2D(
        width, kernel_size, dilation_rate=dilation_rate, padding="same", kernel_initializer="he_normal", name=name
    )(x)
