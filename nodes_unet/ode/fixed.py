"""Explicit Runge-Kutta methods with a fixed number of steps of equal size."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
from tensorflow_probability.python.math.ode.runge_kutta_util import ButcherTableau

from nodes_unet.ode.states import State, all_finite, poisoned
from nodes_unet.ode.steps import NON_FINITE, SUCCESS, Integration, Slope, Stats, Steps


@dataclass(frozen=True)
class FixedSteps:
    """An explicit Runge-Kutta method with `number` steps of equal size."""

    tableau: ButcherTableau
    number: int

    @property
    def capacity(self) -> int:
        """The largest number of accepted steps."""
        return self.number

    @property
    def stages(self) -> int:
        """Evaluations a step."""
        return len(self.tableau.c_sol)

    def integrate(self, slope: Slope, state: State, start: tf.Tensor, end: tf.Tensor, record: bool) -> Integration:
        """Integrates from `start` to `end`, scalar tensors, in either direction, and records the steps if asked to."""
        size = (end - start) / self.number

        def step(count, state, steps):
            time = start + size * tf.cast(count, size.dtype)
            first, weights = slope(time, state), self.tableau.c_sol
            taken = slope.advance(time, size, state, first, self.tableau, self.stages, weights)
            noted = steps and steps.noted(tf.ones_like(time, tf.bool), time, size, state)
            return count + 1, taken.outcome, noted

        begin = (tf.constant(0), state, Steps.none(self.number, start, state) if record else ())
        _, state, steps = tf.while_loop(
            lambda count, *_: count < self.number, step, begin, maximum_iterations=self.number
        )
        status = tf.where(all_finite(state, start), SUCCESS, NON_FINITE)
        zeros = tf.zeros_like(start, tf.int32)
        stats = Stats(tf.constant(self.number * self.stages), zeros + self.number, zeros, end, status)
        return Integration(poisoned(state, status != SUCCESS), stats, steps)

    def joint(self) -> "FixedSteps":
        """The same method; it has no error norm."""
        return self

    def weights(self, time: tf.Tensor, size: tf.Tensor, end: tf.Tensor) -> Sequence:
        """Weights of the slopes in the outcome of a step."""
        return self.tableau.c_sol
