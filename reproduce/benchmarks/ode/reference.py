"""The true solution and gradients of a problem, in float64 at a small tolerance.

`python -m reproduce.benchmarks.ode.reference JSON FILE` writes them as an npz file.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from nodes_unet.files import replacing
from reproduce.benchmarks.ode.case import GRADIENTS
from reproduce.benchmarks.ode.problem import Problem

TOLERANCE = 1e-8


def reference(problem: Problem, folder: Path) -> Path:
    """The file with the reference of a problem, made in a process of its own where it is missing.

    Raises:
        subprocess.CalledProcessError: the process failed.
    """
    path = folder / f"{problem.name}.npz"
    if not path.exists():
        command = [sys.executable, "-m", __name__, json.dumps(asdict(problem)), str(path)]
        subprocess.run(command, check=True, capture_output=True, text=True)
    return path


def _make(problem: Problem, path: Path) -> None:
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


if __name__ == "__main__":
    _make(Problem(**json.loads(sys.argv[1])), Path(sys.argv[2]))
