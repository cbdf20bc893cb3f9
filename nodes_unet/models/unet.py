"""The half-width U-Net of Li et al. 2021 (Figure 5) and ODEUNet1 to ODEUNet9.

Stages are numbered as the paper numbers the positions of the ODE-block: 1 to 4 on the way down, 5 at the bottom, 6 to 9
on the way up. Layer names (`stage3_conv1`, `stage3_ode`, ...) are part of the checkpoint format.
"""

from collections.abc import Callable

import keras
from keras import layers

from nodes_unet.ode import ODEBlock

POSITIONS = range(1, 10)


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
    return _unet(input_shape, classes, filters, dropout, after_stage=lambda stage, x: x)


def ode_unet(
    position: int,
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 3,
    filters: int = 32,
    dropout: float = 0.2,
    tolerance: float = 1e-3,
    first_step: str | float = "interval",
    max_num_steps: int = 1000,
    gradient: str = "discrete",
) -> keras.Model:
    """ODEUNet-k: the U-Net with one ODE-block after the convolutions of stage `position` (Li et al. 2021, section 3.2).

    Args:
        position: 1 to 9.
        input_shape, classes, filters, dropout: as for `unet`.
        tolerance, first_step, max_num_steps, gradient: as for `ODEBlock`; by default the paper's.

    Returns:
        A model like `unet`'s.

    Raises:
        ValueError: the position is not 1 to 9, or H or W is no multiple of 16.
    """
    if position not in POSITIONS:
        raise ValueError(f"position {position} is not one of the nine positions 1 to 9")

    def after_stage(stage, x):
        if stage != position:
            return x
        block = ODEBlock(x.shape[-1], tolerance, first_step, max_num_steps, gradient=gradient, name=f"stage{stage}_ode")
        return block(x)

    return _unet(input_shape, classes, filters, dropout, after_stage)


def _unet(input_shape, classes, filters, dropout, after_stage: Callable) -> keras.Model:
    _check_size(input_shape)
    image = x = keras.Input(input_shape, name="image")
    skips = []
    for stage in (1, 2, 3, 4):
        x = after_stage(stage, _convolutions(x, filters * 2 ** (stage - 1), stage))
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        x = layers.Dropout(dropout, name=f"stage{stage}_dropout")(x)
    x = after_stage(5, _convolutions(x, filters * 16, 5))
    for stage in (6, 7, 8, 9):
        width = filters * 2 ** (9 - stage)
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"stage{stage}_upsample")(x)
        x = layers.Conv2D(width, 2, padding="same", activation="relu", name=f"stage{stage}_upconv")(x)
        x = layers.Concatenate(name=f"stage{stage}_concat")([skips.pop(), x])
        x = after_stage(stage, _convolutions(x, width, stage))
    activation = "sigmoid" if classes == 1 else "softmax"
    probabilities = layers.Conv2D(classes, 1, activation=activation, dtype="float32", name="probabilities")(x)
    return keras.Model(image, probabilities)


def _convolutions(x, width: int, stage: int):
    for number in (1, 2):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"stage{stage}_conv{number}")(x)
    return x


def _check_size(input_shape) -> None:
    for size in input_shape[:2]:
        if size is not None and size % 16:
            raise ValueError(f"input_shape {tuple(input_shape)}: height and width must be multiples of 16")
