"""The tolerance as a dial between accuracy and time (Li et al. 2021, section 4.2)."""

import keras

from nodes_unet.errors import InputError
from nodes_unet.ode.block import ODEBlock


def ode_blocks(model: keras.Model) -> list[ODEBlock]:
    """The ODE-blocks of a network, in the order of its layers, those in networks inside it too."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, ODEBlock)]


def set_tolerance(model: keras.Model, tolerance: float) -> None:
    """Sets relative and absolute tolerance of all ODE-blocks of a network, trained or not.

    What Keras has compiled for the network is dropped, so that the next `predict`, `evaluate` or `fit` uses it.

    Raises:
        InputError: the network has no ODE-block, or the tolerance is not positive.
    """
    blocks = ode_blocks(model)
    if not blocks:
        raise InputError(f"{model.name} has no ODE-block whose tolerance could be set: take a network that has one")
    if not tolerance > 0:
        raise InputError(f"the tolerance must be positive and is {tolerance}: 1e-3 is the paper's")
    for block in blocks:
        block.tolerance = tolerance
    model.train_function = model.test_function = model.predict_function = None
