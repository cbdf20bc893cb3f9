"""The true solution and gradients of a problem, in float64 at a small tolerance."""

from pathlib import Path

import numpy as np

from nodes_unet.errors import InputError
from nodes_unet.files import replacing
from reproduce.benchmarks.ode.case import GRADIENTS
from reproduce.benchmarks.ode.problem import Problem
from reproduce.fresh_process import measured

TOLERANCE = 1e-8


def reference(problem: Problem, folder: Path) -> Path:
    """The npz file with the reference of a problem, made in a process of its own where it is missing.

    Raises:
        InputError: it could not be made.
    """
    path = folder / f"{problem.name}.npz"
    if not path.exists():
        outcome = measured(__name__, "make", problem, path)
        if "error" in outcome:
            raise InputError(f"{path} could not be made ({outcome['error']}): look for memory and room on the disk")
    return path


def make(problem: Problem, path: Path) -> dict:
    """Writes the reference of a problem in this process."""
    import tensorflow as tf

    from nodes_unet.ode import odeint
    from reproduce.benchmarks.ode.dynamics_in_tensorflow import Dynamics

    dynamics = Dynamics(problem, tf.float64)

    @tf.function(autograph=False)
    def solve():
        with tf.GradientTape() as tape:
            tape.watch(dynamics.state)
            end, _ = odeint(dynamics, dynamics.state, 0.0, 1.0, rtol=TOLERANCE, max_num_steps=20000)
        return end, tape.gradient(end, [dynamics.state, *dynamics.kernels], dynamics.cotangent)

    state, gradients = solve()
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, state=state, **dict(zip(GRADIENTS, gradients, strict=True)))
    return {}
