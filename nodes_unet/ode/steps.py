"""What an integration leaves behind: the final state, how it went, and the steps that were accepted."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from nodes_unet.ode.states import State, combine

CHECKPOINTS = 32  # initial states of steps that are kept for the gradient

SUCCESS, MAX_STEPS, NON_FINITE, UNDERFLOW = range(4)


class Problem(NamedTuple):
    """dy/dt = function(t, y, args) from the time `start`, where y is `state`, to `end`; times are scalar tensors."""

    function: Callable
    state: State
    args: list[tf.Tensor]
    start: tf.Tensor
    end: tf.Tensor


class Advance(NamedTuple):
    """An explicit Runge-Kutta step: slopes of its stages, the state in the last of them, and its outcome."""

    slopes: list[State]
    at: State
    outcome: State

    @classmethod
    def over(cls, slopes: list[State], at: State, state: State, size: tf.Tensor, weights: Sequence) -> "Advance":
        """A step from `state`, whose outcome is the last stage's state where that stage's slope has no weight."""
        return cls(slopes, at, at if len(weights) < len(slopes) else combine(state, size, weights, slopes))


class Slope:
    """The right-hand side, `function(t, state, args)`, and explicit Runge-Kutta steps along it."""

    def __init__(self, function: Callable[[tf.Tensor, State, Sequence[tf.Tensor]], State], args: Sequence[tf.Tensor]):
        self.function, self.args = function, args

    def __call__(self, time: tf.Tensor, state: State) -> State:
        """The slope at a time and state."""
        return self.function(time, state, self.args)

    def stages(self, time, size, state: State, first: State, tableau, number: int) -> tuple[list[State], State]:
        """Slopes of so many stages of a step from `state`, where the slope is `first`, and the state in the last."""
        slopes, at = [first], state
        for share, row in zip(tableau.a[: number - 1], tableau.b[: number - 1], strict=True):
            at = combine(state, size, row, slopes)
            slopes.append(self(time + share * size, at))
        return slopes, at

    def advance(self, time, size, state: State, first: State, tableau, number: int, weights: Sequence) -> Advance:
        """A step of `size` with so many stages, which have these weights."""
        slopes, at = self.stages(time, size, state, first, tableau, number)
        return Advance.over(slopes, at, state, size, weights)


class Stats(NamedTuple):
    """How an integration went; except for the first, one value an image with `norm="sample"`, else scalars.

    Attributes:
        nfe: int32 scalar, number of evaluations of the right-hand side, each on the whole batch.
        accepted, rejected: int32, number of steps.
        time: the time that was reached.
        status: int32, `SUCCESS`, `MAX_STEPS`, `NON_FINITE` or `UNDERFLOW`.
    """

    nfe: tf.Tensor
    accepted: tf.Tensor
    rejected: tf.Tensor
    time: tf.Tensor
    status: tf.Tensor


class Steps(NamedTuple):
    """Start and size of each accepted step, and the state at the start of every `stride`-th of them.

    Only `CHECKPOINTS` states are kept: when there is no room for another, every second one is given up. (XLA allocates
    all of them in advance; elsewhere an entry takes memory only once it is written.)
    """

    count: tf.Tensor
    stride: tf.Tensor
    times: tf.TensorArray
    sizes: tf.TensorArray
    states: list[tf.TensorArray]

    @classmethod
    def none(cls, capacity: int, start: tf.Tensor, state: State) -> "Steps":
        """Room for a number of steps."""
        times, sizes = (array(start, capacity) for _ in range(2))
        return cls(tf.constant(0), tf.constant(1), times, sizes, [array(part, CHECKPOINTS) for part in state])

    def noted(self, accepted: tf.Tensor, time: tf.Tensor, size: tf.Tensor, state: State) -> "Steps":
        """These steps and one more where a lane has accepted it; in the other lanes its size is zero."""
        full = self.count == CHECKPOINTS * self.stride
        stride = tf.where(full, 2 * self.stride, self.stride)
        states = tf.cond(full, lambda: [_every_second(array) for array in self.states], lambda: self.states)
        states = tf.cond(
            self.count % stride == 0,
            lambda: [array.write(self.count // stride, part) for array, part in zip(states, state, strict=True)],
            lambda: states,
        )
        return Steps(
            self.count + tf.cast(tf.reduce_any(accepted), tf.int32),
            stride,
            self.times.write(self.count, time),
            self.sizes.write(self.count, tf.where(accepted, size, tf.zeros_like(size))),
            states,
        )


def array(like: tf.Tensor, capacity: int) -> tf.TensorArray:
    """An array for tensors like the given one, which may be read more than once."""
    return tf.TensorArray(like.dtype, capacity, element_shape=like.shape, clear_after_read=False)


def largest_stride(capacity: int) -> int:
    """How far apart the states are that are kept of so many steps."""
    return 2 ** max(0, math.ceil(math.log2(capacity / CHECKPOINTS)))


def _every_second(states: tf.TensorArray) -> tf.TensorArray:
    for place in range(CHECKPOINTS // 2):
        states = states.write(place, states.read(2 * place))
    return states


class Integration(NamedTuple):
    """The outcome: final state (NaN in lanes that failed), statistics, and the accepted steps where recorded."""

    state: State
    stats: Stats
    steps: Steps | tuple[()]
