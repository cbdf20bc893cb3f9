"""The paper's ResNet: the U-Net with residual blocks in its encoder (Li et al. 2021, Figure 3 and section 4.1)."""

from collections.abc import Sequence

import keras
from keras import layers

from nodes_unet.models.unet import unet_with


def resnet_unet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 3,
    filters: int = 32,
    dropout: float = 0.2,
    residual_blocks: Sequence[int] = (3, 4, 6, 3),
    placement: str = "after",
) -> keras.Model:
    """U-Net with residual blocks "referred to the D-LinkNet architecture" (Li et al. 2021, section 4).

    D-LinkNet's encoder (Zhou et al. 2018; a ResNet-34) has 3, 4, 6 and 3 residual blocks at widths of 64, 128, 256 and
    512, which are those of stages 2 to 5 here. Each block is h + f(f(h)) with the convolutions of the ODE-block, 3x3
    and ReLU, without the time: one Euler step of an equation of its own.

    Args:
        input_shape, classes, filters, dropout: as for `unet`.
        residual_blocks: how many in stages 2 to 5.
        placement: as for `unet_with`.

    Returns:
        A model like `unet`'s.

    Raises:
        ValueError: as for `unet_with`, or there are not four numbers of blocks.
    """
    if len(residual_blocks) != 4:
        raise ValueError(f"residual_blocks {list(residual_blocks)} must be four numbers, those of stages 2 to 5")
    blocks = {stage: _residual_blocks(stage, number) for stage, number in enumerate(residual_blocks, 2) if number}
    return unet_with(blocks, placement, input_shape, classes, filters, dropout)


def _residual_blocks(stage: int, number: int):
    def blocks(x):
        for block in range(1, number + 1):
            name, before = f"stage{stage}_residual{block}", x
            for convolution in (1, 2):
                x = layers.Conv2D(
                    before.shape[-1], 3, padding="same", activation="relu", name=f"{name}_conv{convolution}"
                )(x)
            x = layers.Add(name=name)([before, x])
        return x

    return blocks
