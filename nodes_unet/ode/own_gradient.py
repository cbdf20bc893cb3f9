"""Computations that bring their own gradient: what both exact gradients of the solver are made of."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from nodes_unet.ode.states import State, combine, weighted_sum
from nodes_unet.ode.steps import Slope


def with_own_gradient(compute: Callable, tensors: State, args: list[tf.Tensor]) -> list[tf.Tensor]:
    """Outputs of a computation whose gradient with respect to `tensors`, `args` and variables is its own.

    What it merely closes over gets no gradient.

    Args:
        compute: `compute(tensors, args)` returns a list of tensors and a function
            `back(cotangents, watched) -> by_tensors, by_watched`, where `watched` are args and variables.
        tensors, args: its arguments.
    """

    @tf.custom_gradient
    def computed(*inputs):
        outputs, back = compute(list(inputs[:count]), list(inputs[count:]))

        def gradient(*cotangents, variables=()):
            by_tensors, by_watched = back(list(cotangents), [*inputs[count:], *variables])
            by_inputs = [*by_tensors, *by_watched[: len(args)]]
            return (by_inputs, by_watched[len(args) :]) if variables else by_inputs

        return [*map(tf.stop_gradient, outputs)], gradient  # stopped for what is merely closed over

    count = len(tensors)
    return list(computed(*tensors, *args))


class Evaluation:
    """A slope at some time and state, and the way back from it.

    Attributes:
        state, slope: the state, and f(time, state).
    """

    def __init__(self, slope: Slope, time: tf.Tensor, state: State, watched: Sequence):
        with tf.GradientTape() as self._tape:
            self._tape.watch([state, watched])
            self.slope = slope(time, state)
        self.state = state

    def back(self, by_slope: State, watched: Sequence) -> tuple[State, list[tf.Tensor]]:
        """Gradients with respect to the state and to args or variables."""
        by_state, by_watched = self._tape.gradient(
            self.slope, [self.state, watched], by_slope, unconnected_gradients="zero"
        )
        return by_state, [tf.convert_to_tensor(gradient) for gradient in by_watched]


class _RecordedSlope(Slope):
    """A slope that keeps its evaluations."""

    def __init__(self, slope: Slope, watched: Sequence):
        super().__init__(slope.function, slope.args)
        self.evaluations, self._slope, self._watched = [], slope, watched

    def __call__(self, time: tf.Tensor, state: State) -> State:
        self.evaluations.append(Evaluation(self._slope, time, state, self._watched))
        return self.evaluations[-1].slope


class Stages:
    """The stages of an explicit Runge-Kutta step after the first, and the way back over the step.

    Attributes:
        slopes: of all stages, `first` included.
        at: the state in the last stage.
    """

    def __init__(self, slope: Slope, time, size, state: State, first: State, tableau, number: int, watched: Sequence):
        recorded = _RecordedSlope(slope, watched)
        self.slopes, self.at = recorded.stages(time, size, state, first, tableau, number)
        self._size, self._rows, self._evaluations = size, tableau.b[: number - 1], recorded.evaluations

    def back(self, by_outcome: State, weights: Sequence, by_last: State | None, watched: Sequence):
        """Gradients by way of the outcome, state + size * sum(weight * slope), and of the last stage's slope.

        Returns:
            Those with respect to the state in each of these stages, which add up to one with respect to the step's
            initial state, short of `by_outcome` itself; to the first slope; and to `watched`, by stages.
        """
        by_states, by_watched = [], []
        for stage in reversed(range(len(self.slopes))):
            effects = [*weights[stage : stage + 1], *(row[stage] for row in self._rows[stage:])]
            causes = [*[by_outcome][: len(weights) - stage], *by_states]
            is_last = stage == len(self._rows)
            if is_last and by_last is not None:
                by_slope = combine(by_last, self._size, effects, causes) if effects else by_last
            else:
                by_slope = weighted_sum(self._size, effects, causes)
            if stage:
                by_state, gradients = self._evaluations[stage - 1].back(by_slope, watched)
                by_states.insert(0, by_state)
                by_watched.append(gradients)
        return by_states, by_slope, by_watched
