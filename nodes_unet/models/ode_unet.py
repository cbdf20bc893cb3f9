"""U-Nets with ODE-blocks: ODEUNet1 to ODEUNet9 and NODEs-UNet (Li et al. 2021, sections 3.2 and 3.3)."""

from collections.abc import Sequence

import keras

from nodes_unet.models.unet import unet_with
from nodes_unet.ode import ODEBlock


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
    blocks = {position: _ode_block(position, tolerance, first_step, max_num_steps, gradient)}
    return unet_with(blocks, "after", input_shape, classes, filters, dropout)


def nodes_unet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 3,
    filters: int = 32,
    dropout: float = 0.2,
    positions: Sequence[int] = (3, 4, 5),
    tolerances: Sequence[float] = (1e-4, 1e-4, 1e-6),
    placement: str = "after",
    first_step: str | float = "interval",
    max_num_steps: int = 1000,
    gradient: str = "discrete",
) -> keras.Model:
    """NODEs-UNet: three ODE-blocks at the bottom of the U (Li et al. 2021, section 3.3 and Figure 6).

    The text gives one block a tolerance of 1e-6 and two 1e-4, and no stages. Section 4.2 says that the network takes
    46 % of the parameter memory of `resnet_unet`. With the blocks after the convolutions in both networks, ODE-blocks
    in stages 3, 4 and 5 give 46.0 % (13,971,235 of 30,402,211 parameters), as any three of widths 128, 256 and 512 do,
    and the symmetrical stages 4, 5 and 6 give 48.9 % (14,858,531). With blocks instead of the second convolutions the
    two are 39.9 and 41.5 % of 27,267,811; with ODE-blocks after convolutions and residual blocks instead of some, 51.2
    and 54.5 %. The default is the reading that fits: the end of the encoder, where the residual blocks stand too, with
    1e-6 at the bottom.

    Args:
        input_shape, classes, filters, dropout: as for `unet`.
        positions, tolerances: of the blocks, from 1 to 9, one tolerance for each.
        placement: as for `unet_with`.
        first_step, max_num_steps, gradient: as for `ODEBlock`; by default the paper's.

    Returns:
        A model like `unet`'s.

    Raises:
        ValueError: positions and tolerances do not go together, or as for `unet_with`.
    """
    if len(set(positions)) != len(tolerances):
        raise ValueError(
            f"positions {list(positions)} and tolerances {list(tolerances)} must be as many, all different"
        )
    blocks = {
        position: _ode_block(position, tolerance, first_step, max_num_steps, gradient)
        for position, tolerance in zip(positions, tolerances, strict=True)
    }
    return unet_with(blocks, placement, input_shape, classes, filters, dropout)


def _ode_block(position: int, tolerance: float, first_step, max_num_steps: int, gradient: str):
    def block(x):
        solver = {"first_step": first_step, "max_num_steps": max_num_steps, "gradient": gradient}
        return ODEBlock(x.shape[-1], tolerance, **solver, name=f"stage{position}_ode")(x)

    return block
