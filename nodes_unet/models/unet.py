"""The half-width U-Net of Li et al. 2021 (Figure 5), plain and with blocks in its stages.

Stages are numbered as the paper numbers the positions of the ODE-block: 1 to 4 on the way down, 5 at the bottom, 6 to 9
on the way up. Layer names (`stage3_conv1`, `stage3_ode`, ...) are part of the checkpoint format.
"""

from collections.abc import Callable, Mapping

import keras
from keras import layers

STAGES = range(1, 10)
PLACEMENTS = ("after", "instead")


def unet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 3,
    filters: int = 32,
    dropout: float = 0.2,
) -> keras.Model:
    """U-Net with two 3x3 convolutions a stage, pooling with dropout, bilinear upsampling with a 2x2 convolution.

    Args:
        input_shape: (H, W, channels), H and W multiples of 16 or None.
        classes: channels of the softmax; 1 gives a sigmoid.
        filters: width of the first stage; 32 is half of the original U-Net's (Li et al. 2021, section 3.2).
        dropout: rate after each pooling; the paper names the dropout in Figure 5 and not its rate.

    Returns:
        A model from (B, H, W, channels) to class probabilities (B, H, W, classes), float32.

    Raises:
        ValueError: H or W is no multiple of 16.
    """
    return unet_with({}, "after", input_shape, classes, filters, dropout)


def unet_with(
    blocks: Mapping[int, Callable],
    placement: str,
    input_shape: tuple[int | None, int | None, int],
    classes: int,
    filters: int,
    dropout: float,
) -> keras.Model:
    """The U-Net with blocks in some of its stages.

    Args:
        blocks: by stage, a function from a tensor to one of the same shape.
        placement: `"after"` both convolutions of the stage, or `"instead"` of the second one.
        input_shape, classes, filters, dropout: as for `unet`.

    Returns:
        A model like `unet`'s.

    Raises:
        ValueError: a stage is not 1 to 9, the placement is unknown, or H or W is no multiple of 16.
    """
    _check(blocks, placement, input_shape)

    def stage(number: int, x, width: int):
        block = blocks.get(number)
        for convolution in (1,) if block and placement == "instead" else (1, 2):
            name = f"stage{number}_conv{convolution}"
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
        return block(x) if block else x

    image = x = keras.Input(input_shape, name="image")
    skips = []
    for number in (1, 2, 3, 4):
        x = stage(number, x, filters * 2 ** (number - 1))
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"stage{number}_pool")(x)
        x = layers.Dropout(dropout, name=f"stage{number}_dropout")(x)
    x = stage(5, x, filters * 16)
    for number in (6, 7, 8, 9):
        width = filters * 2 ** (9 - number)
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"stage{number}_upsample")(x)
        x = layers.Conv2D(width, 2, padding="same", activation="relu", name=f"stage{number}_upconv")(x)
        x = layers.Concatenate(name=f"stage{number}_concat")([skips.pop(), x])
        x = stage(number, x, width)
    activation = "sigmoid" if classes == 1 else "softmax"
    probabilities = layers.Conv2D(classes, 1, activation=activation, dtype="float32", name="probabilities")(x)
    return keras.Model(image, probabilities)


def _check(blocks, placement, input_shape) -> None:
    for number in blocks:
        if number not in STAGES:
            raise ValueError(f"position {number} is not one of the nine positions 1 to 9")
    if placement not in PLACEMENTS:
        raise ValueError(f"placement {placement!r} is unknown: choose from {', '.join(PLACEMENTS)}")
    for size in input_shape[:2]:
        if size is not None and size % 16:
            raise ValueError(f"input_shape {tuple(input_shape)}: height and width must be multiples of 16")
