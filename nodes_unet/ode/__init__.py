"""The ODE-block of Li et al. 2021: a solver with its gradients, the dynamics, and the Keras layer that joins them."""

from nodes_unet.ode.block import ODEBlock
from nodes_unet.ode.dynamics import ConvDynamics
from nodes_unet.ode.solver import odeint
from nodes_unet.ode.steps import MAX_STEPS, NON_FINITE, SUCCESS, UNDERFLOW, Stats
from nodes_unet.ode.tolerance import ode_blocks, set_tolerance

__all__ = [
    "MAX_STEPS",
    "NON_FINITE",
    "SUCCESS",
    "UNDERFLOW",
    "ConvDynamics",
    "ODEBlock",
    "Stats",
    "ode_blocks",
    "odeint",
    "set_tolerance",
]
