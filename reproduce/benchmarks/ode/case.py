"""One measurement, in a process of its own."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from nodes_unet.profiling import peak_memory
from reproduce.benchmarks.ode.methods import METHODS
from reproduce.benchmarks.ode.problem import Problem
from reproduce.benchmarks.timing import median_seconds_in_turn
from reproduce.fresh_process import measured

ENOUGH = 6.0  # seconds of calls, after which no further round begins
GRADIENTS = ("h(0)", "kernel 1", "kernel 2")


@dataclass(frozen=True)
class Case:
    """A method on a problem at a tolerance."""

    problem: Problem
    method: str
    tolerance: float

    @property
    def key(self) -> tuple:
        """What tells it from the others."""
        return self.problem.name, self.method, self.tolerance


def measure_in_a_fresh_process(case: Case, reference: Path, repeats: int) -> dict:
    """Measures a case; where that fails, the sentence is in `error`."""
    in_tensorflow = METHODS[case.method].in_tensorflow
    outcome = measured(__name__, "measure", case, reference, repeats, tensorflow=in_tensorflow)
    return {**asdict(case.problem), "method": case.method, "tolerance": case.tolerance, **outcome}


def measure(case: Case, reference: Path, repeats: int) -> dict:
    """Measures a case in this process."""
    method = METHODS[case.method]
    exact = np.load(reference)
    prepared = method.prepare(case.problem, case.tolerance)
    before = peak_memory()
    gradients = prepared.step()
    memory = peak_memory() - before
    state, evaluations, accepted = prepared.forward()
    calls = {"seconds_forward": prepared.forward, "seconds_step": prepared.step}
    if method.in_tensorflow:
        calls |= _floor(case.problem)
    return {
        "evaluations": evaluations,
        "accepted": accepted,
        "memory_bytes": memory,
        **median_seconds_in_turn(calls, repeats, ENOUGH),
        "error_state": _relative_error(state, exact["state"]),
        **{
            f"error_{name}": _relative_error(gradient, exact[name])
            for name, gradient in zip(GRADIENTS, gradients, strict=True)
        },
    }


def _floor(problem: Problem) -> dict[str, Callable]:
    """Single evaluations of the dynamics, without and with gradient, called once."""
    import tensorflow as tf

    from reproduce.benchmarks.ode.dynamics_in_tensorflow import Dynamics

    dynamics, time = Dynamics(problem), tf.constant(0.5)

    @tf.function(autograph=False)
    def evaluation():
        return dynamics(time, dynamics.state)

    @tf.function(autograph=False)
    def with_gradient():
        with tf.GradientTape() as tape:
            tape.watch(dynamics.state)
            slope = dynamics(time, dynamics.state)
        return tape.gradient(slope, [dynamics.state, *dynamics.kernels], dynamics.cotangent)

    evaluation()
    with_gradient()
    return {"seconds_evaluation": evaluation, "seconds_evaluation_with_gradient": with_gradient}


def _relative_error(value: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(value - exact) / np.linalg.norm(exact))
