"""One measurement, in a process of its own."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from nodes_unet.profiling import peak_memory
from reproduce.benchmarks.ode.methods import FLOOR, METHODS
from reproduce.benchmarks.ode.problem import Problem
from reproduce.benchmarks.timing import median_seconds, median_seconds_warm
from reproduce.fresh_process import measured

ENOUGH = 6.0  # seconds of one call after the other; a long call is measured once
GRADIENTS = ("h(0)", "kernel 1", "kernel 2")


@dataclass(frozen=True)
class Case:
    """A method on a problem; the method `FLOOR` is single evaluations of the dynamics, without a tolerance."""

    problem: Problem
    method: str
    tolerance: float | None

    @property
    def key(self) -> tuple:
        """What tells it from the others."""
        return self.problem.name, self.method, self.tolerance


def measure_in_a_fresh_process(case: Case, reference: Path, repeats: int) -> dict:
    """Measures a case; where that fails, the sentence is in `error`."""
    tensorflow = case.method == FLOOR or METHODS[case.method].in_tensorflow
    outcome = measured(__name__, "measure", case, reference, repeats, tensorflow=tensorflow)
    return {**asdict(case.problem), "method": case.method, "tolerance": case.tolerance, **outcome}


def measure(case: Case, reference: Path, repeats: int) -> dict:
    """Measures a case in this process."""
    if case.method == FLOOR:
        return _measure_floor(case.problem, repeats)
    method = METHODS[case.method]
    exact = np.load(reference)
    prepared = method.prepare(case.problem, case.tolerance)
    before = peak_memory()
    gradients = prepared.step()
    memory = peak_memory() - before
    state, evaluations, accepted = prepared.forward()
    return {
        "evaluations": evaluations,
        "accepted": accepted,
        "seconds_forward": median_seconds_warm(prepared.forward, repeats, ENOUGH),
        "seconds_step": median_seconds_warm(prepared.step, repeats, ENOUGH),
        "memory_bytes": memory,
        **(_measure_floor(case.problem, repeats) if method.in_tensorflow else {}),
        "error_state": _relative_error(state, exact["state"]),
        **{
            f"error_{name}": _relative_error(gradient, exact[name])
            for name, gradient in zip(GRADIENTS, gradients, strict=True)
        },
    }


def _measure_floor(problem: Problem, repeats: int) -> dict:
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

    return {
        "seconds_evaluation": median_seconds(evaluation, 5 * repeats),
        "seconds_evaluation_with_gradient": median_seconds(with_gradient, 3 * repeats),
    }


def _relative_error(value: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(value - exact) / np.linalg.norm(exact))
