"""The ODE-block of Li et al. 2021: a solver, the dynamics, and the Keras layer that joins them."""

from nodes_unet.ode.block import ODEBlock
from nodes_unet.ode.dynamics import ConvDynamics
from nodes_unet.ode.solver import Solution, solve

__all__ = ["ConvDynamics", "ODEBlock", "Solution", "solve"]
