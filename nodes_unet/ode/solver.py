"""Integration of a neural ODE on TensorFlow Probability's Dormand-Prince (Li et al. 2021, section 3.1).

The gradient is the continuous adjoint of Chen et al. 2018, as TensorFlow Probability computes it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

Dynamics = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Solution(NamedTuple):
    """What `solve` returns.

    Attributes:
        state: h(t1), the shape and dtype of h(t0); NaN throughout if the solve failed.
        nfe: number of evaluations of the dynamics, int32 scalar tensor.
    """

    state: tf.Tensor
    nfe: tf.Tensor


def solve(
    dynamics: Dynamics,
    state: tf.Tensor,
    *,
    tolerance: float = 1e-3,
    first_step: str | float = "interval",
    max_num_steps: int = 1000,
) -> Solution:
    """Integrates dh/dt = dynamics(t, h) from t = 0 to t = 1 (Li et al. 2021, equation 5).

    Args:
        dynamics: takes a scalar t and a state, returns the derivative in the state's shape. Gradients flow to the state
            and to variables used inside, not to tensors merely closed over.
        state: h(0), a float32 or float64 tensor.
        tolerance: both the relative and the absolute one.
        first_step: `"interval"` tries the whole interval first, as TensorFlow 1's `odeint` did; or a step length.
        max_num_steps: cap on attempted steps, in the forward and in the backward solve, held under XLA as well.

    Returns:
        The final state and the number of evaluations.
    """
    solver = _CappedDormandPrince(
        rtol=tolerance,
        atol=tolerance,
        first_step_size=_just_past_the_interval(state.dtype) if first_step == "interval" else first_step,
        cap=max_num_steps,
    )
    results = solver.solve(dynamics, initial_time=0.0, initial_state=state, solution_times=[1.0])
    evaluations = results.diagnostics.num_ode_fn_evaluations + 1  # the count leaves out the first evaluation
    return Solution(results.states[0], evaluations)


def _just_past_the_interval(dtype: tf.DType) -> float:
    # The solver goes on while t <= t1: a step that lands exactly on t1 would be followed by another.
    kind = dtype.as_numpy_dtype
    return float(np.nextafter(kind(1), kind(2)))


class _CappedDormandPrince(tfp.math.ode.DormandPrince):
    """Dormand-Prince that ends with NaN when `cap` attempted steps do not suffice or the error is not finite.

    The solver's own `max_num_steps` is an assertion, which XLA drops: a right-hand side that is not finite then loops
    for ever, because a step whose error is NaN is never accepted.
    """

    def __init__(self, *, cap: int, **arguments):
        super().__init__(**arguments)
        self._cap = cap

    def _step(self, solver_state, diagnostics, **arguments):
        solver_state, diagnostics = super()._step(solver_state, diagnostics, **arguments)
        failed = (diagnostics.num_ode_fn_evaluations > self._cap * self.ODE_FN_EVALS_PER_STEP) | ~tf.math.is_finite(
            solver_state.step_size
        )
        return _ended_with_nan_where(failed, solver_state), diagnostics


def _ended_with_nan_where(failed: tf.Tensor, solver_state):
    """Moves the time past every end and poisons what the solution is read from."""
    time = solver_state.current_time
    poison = tf.where(failed, tf.constant(np.nan, time.dtype), tf.zeros_like(time))
    return solver_state._replace(
        current_time=tf.where(failed, tf.constant(np.inf, time.dtype), time),
        current_state=tf.nest.map_structure(lambda h: h + poison, solver_state.current_state),
        interpolating_coefficients=tf.nest.map_structure(lambda c: c + poison, solver_state.interpolating_coefficients),
    )
