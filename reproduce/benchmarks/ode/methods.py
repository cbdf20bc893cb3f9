"""What solves it: this package with each first step and gradient, and its peers."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from reproduce.benchmarks.ode.problem import Problem

OWN = "with_nodes_unet"


class Prepared(NamedTuple):
    """A problem made ready in a library; both calls return when the result is there.

    Attributes:
        forward: solves; returns h(1), the number of evaluations, the first one included, and that of accepted steps,
            which is None where the library does not tell.
        step: solves and takes gradients; returns them with respect to h(0) and both kernels.
    """

    forward: Callable[[], tuple[np.ndarray, int, int | None]]
    step: Callable[[], list[np.ndarray]]


@dataclass(frozen=True)
class Method:
    """A solver with its options.

    Attributes:
        module: the module here with a function `prepare(problem, tolerance, **options)`.
        needs: the package that has to be installed.
        options: further arguments of that function.
    """

    module: str
    needs: str
    options: dict = field(default_factory=dict)

    def available(self) -> bool:
        """Whether its package is installed."""
        return importlib.util.find_spec(self.needs) is not None

    @property
    def in_tensorflow(self) -> bool:
        """Whether the floor can be measured in the same process, where clock and memory are in the same state."""
        return self.needs.startswith("tensorflow")

    def prepare(self, problem: Problem, tolerance: float) -> Prepared:
        """Makes a problem ready."""
        module = importlib.import_module(f"reproduce.benchmarks.ode.{self.module}")
        return module.prepare(problem, tolerance, **self.options)


METHODS = {
    **{
        f"{first_step}, {gradient}": Method(OWN, "tensorflow", {"first_step": first_step, "gradient": gradient})
        for gradient in ("discrete", "backprop", "adjoint")
        for first_step in ("interval", "hairer", "tfp")
    },
    "hairer, discrete, by image": Method(OWN, "tensorflow", {"norm": "sample"}),
    "TFP, adjoint": Method("with_tfp", "tensorflow_probability"),
    "torchdiffeq, backprop": Method("with_torchdiffeq", "torchdiffeq", {"adjoint": False}),
    "torchdiffeq, adjoint": Method("with_torchdiffeq", "torchdiffeq", {"adjoint": True}),
    "diffrax, checkpoints": Method("with_diffrax", "diffrax"),
}
