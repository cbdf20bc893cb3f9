"""Arithmetic on states, which are lists of tensors here, lane by lane.

A lane is what takes steps of its own. With one error norm over the batch there is one lane, and times and step sizes
are scalars; with a norm for each image every image is a lane, and they have the shape (B,).
"""

import functools
import operator
from collections.abc import Sequence

import tensorflow as tf

State = list[tf.Tensor]


def compiled(function):
    """Has XLA compile a function of (nested) tensors and numbers, once for each signature, whatever is around it.

    So its sums are made in one pass over memory, and in the order in which they are written. TensorFlow's own graph
    optimizer turns them into one operation that, where memory is short, adds the terms as they happen to become ready:
    a training could not be repeated to the bit, and in the body of a loop the operation may fail altogether.
    """
    kernels = {}

    @functools.wraps(function)
    def call(*arguments):
        flat = tf.nest.flatten(arguments)
        tensors = [value for value in flat if tf.is_tensor(value)]
        signature = repr(tf.nest.map_structure(_described, arguments))
        if signature not in kernels:
            pattern = tf.nest.map_structure(lambda value: _Tensor if tf.is_tensor(value) else value, arguments)
            kernels[signature] = tf.function(_Filled(function, pattern), jit_compile=True, autograph=False)
        return kernels[signature](*tensors)

    return call


class _Tensor:
    """Stands for a tensor in a pattern of arguments."""


class _Filled:
    """A function of the tensors that a pattern leaves out.

    Not a closure: TensorFlow, which counts traces by code, would take all of them for one that is traced too often.
    """

    def __init__(self, function, pattern):
        self.function, self.pattern = function, pattern

    def __call__(self, *tensors):
        coming = iter(tensors)
        filled = tf.nest.map_structure(lambda value: next(coming) if value is _Tensor else value, self.pattern)
        return self.function(*filled)


def _described(value):
    return (value.dtype, value.shape) if tf.is_tensor(value) else value


def spread(lanes: tf.Tensor, component: tf.Tensor) -> tf.Tensor:
    """One value a lane, in a shape that broadcasts against a component of the state."""
    return lanes if lanes.shape.rank == 0 else tf.reshape(lanes, [-1] + [1] * (component.shape.rank - 1))


@compiled
def combine(state: State, size: tf.Tensor, weights: Sequence, slopes: Sequence[State]) -> State:
    """state + size * sum(weight * slope); slopes whose weight is the number zero are left out."""
    return _sums(state, *_terms(size, weights, slopes))


@compiled
def weighted_sum(size: tf.Tensor, weights: Sequence, slopes: Sequence[State]) -> State:
    """size * sum(weight * slope); slopes whose weight is the number zero are left out."""
    return _sums(*_terms(size, weights, slopes))


@compiled
def sums(states: Sequence[State]) -> State:
    """The sum of states."""
    return _sums(*states)


def _sums(*states: State) -> State:
    return [functools.reduce(operator.add, parts) for parts in zip(*states, strict=True)]


def _terms(size: tf.Tensor, weights: Sequence, slopes: Sequence[State]) -> list[State]:
    return [
        [spread(tf.cast(size * weight, part.dtype), part) * part for part in slope]
        for weight, slope in zip(weights, slopes, strict=True)
        if not _is_zero(weight)
    ]


def _is_zero(weight) -> bool:
    return isinstance(weight, int | float) and weight == 0


@compiled
def error_norm(
    size,
    weights: Sequence,
    slopes: Sequence[State],
    start: State,
    end: State,
    rtol: float,
    atol: float,
    power: int,
    lanes,
) -> tf.Tensor:
    """sqrt(mean(|error / tolerance| ** power)) of each lane; of no elements, zero.

    The error is size * sum(weight * slope), and the tolerance atol + rtol * max(|start|, |end|). Both are made in the
    pass over memory that sums them up.
    """
    totals, elements = tf.zeros_like(lanes), 0
    for error, before, after in zip(_sums(*_terms(size, weights, slopes)), start, end, strict=True):
        ratio = error / (atol + rtol * tf.maximum(tf.abs(before), tf.abs(after)))
        totals += tf.cast(tf.reduce_sum(tf.square(ratio) ** (power // 2), _axes(error, lanes)), lanes.dtype)
        elements += tf.size(error)
    per_lane = tf.maximum(elements // tf.maximum(tf.size(lanes), 1), 1)
    return tf.sqrt(totals / tf.cast(per_lane, lanes.dtype))


def all_finite(state: State, lanes: tf.Tensor) -> tf.Tensor:
    """Whether every element of a lane is finite."""
    finite = tf.ones_like(lanes, tf.bool)
    for part in state:
        finite &= tf.reduce_all(tf.math.is_finite(part), _axes(part, lanes))
    return finite


def select(condition: tf.Tensor, new: State, old: State) -> State:
    """`new` in the lanes where the condition holds, `old` in the others."""
    if condition.shape.rank == 0:
        return tf.cond(condition, lambda: new, lambda: old)
    return [tf.where(spread(condition, part), part, other) for part, other in zip(new, old, strict=True)]


def poisoned(state: State, failed: tf.Tensor) -> State:
    """The state, with NaN throughout the lanes that failed, and in what gradients pass through them."""
    return tf.cond(
        tf.reduce_any(failed),
        lambda: [
            part * tf.where(spread(failed, part), tf.constant(float("nan"), part.dtype), tf.ones([], part.dtype))
            for part in state
        ],
        lambda: state,
    )


def _axes(part: tf.Tensor, lanes: tf.Tensor) -> list[int] | None:
    return None if lanes.shape.rank == 0 else list(range(1, part.shape.rank))
