"""The exact gradient of the steps that an integration accepted, by going back over them.

Step sizes count as constants. Only the state at the start of each step is kept (of every so many steps, if there are
very many); its stages are evaluated again, each under a gradient tape of its own.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from nodes_unet.ode.states import State, combine, poisoned, sums, weighted_sum
from nodes_unet.ode.steps import SUCCESS, Slope, Stats, Steps, array, largest_stride, stages


def solve(
    right_hand_side: Callable,
    state: State,
    args: list[tf.Tensor],
    start: tf.Tensor,
    end: tf.Tensor,
    method,
    on_gradient: Callable[[Stats], None],
) -> tuple[State, Stats]:
    """Integrates f(t, state, args) from start to end; gradients flow to the state, `args` and variables in f."""

    @tf.custom_gradient
    def solved(*inputs):
        state, args = list(inputs[:parts]), list(inputs[parts:])

        def slope(time, at):
            return right_hand_side(time, at, args)

        done = method.integrate(slope, state, start, end, record=True)

        def gradient(*cotangents, variables=()):
            failed = done.stats.status != SUCCESS
            by_state = poisoned(list(cotangents[:parts]), failed)
            by_state, totals = _back(slope, done.steps, by_state, [*args, *variables], end, method)
            totals = poisoned(totals, tf.reduce_any(failed))
            on_gradient(_stats(done.steps, start, end, method))
            by_inputs = [*by_state, *totals[: len(args)]]
            return (by_inputs, totals[len(args) :]) if variables else by_inputs

        # what the right-hand side closes over gets no gradient, even where nothing else asks for one
        return [*map(tf.stop_gradient, done.state), *done.stats], gradient

    parts = len(state)
    outputs = solved(*state, *args)
    return list(outputs[:parts]), Stats(*outputs[parts:])


def _stats(steps: Steps, start: tf.Tensor, end: tf.Tensor, method) -> Stats:
    checkpoints = -(-steps.count // steps.stride)
    evaluations = len(method.weights(start, end - start, end)) * (2 * steps.count - checkpoints)
    none = tf.constant(0)
    return Stats(evaluations, steps.count, none, start, none)


def _back(slope: Slope, steps: Steps, cotangent: State, watched: Sequence, end: tf.Tensor, method):
    """Gradients with respect to the initial state and to each watched tensor or variable."""

    def back_to_checkpoint(checkpoint, cotangent, totals):
        first = checkpoint * steps.stride
        last = tf.minimum(first + steps.stride, steps.count)
        states = _states_between(slope, steps, first, last, end, method)

        def back(number, cotangent, totals):
            number -= 1
            time, size = steps.times.read(number), steps.sizes.read(number)
            state, weights = [kept.read(number - first) for kept in states], method.weights(time, size, end)
            cotangent, new = _back_over_step(slope, time, size, state, cotangent, watched, method.tableau, weights)
            return number, cotangent, sums([totals, new])

        _, cotangent, totals = tf.while_loop(lambda number, *_: number > first, back, (last, cotangent, totals))
        return checkpoint - 1, cotangent, totals

    _, by_state, totals = tf.while_loop(
        lambda checkpoint, *_: checkpoint >= 0,
        back_to_checkpoint,
        ((steps.count - 1) // steps.stride, cotangent, [tf.zeros_like(each) for each in watched]),
    )
    return by_state, totals


def _states_between(slope: Slope, steps: Steps, first: tf.Tensor, last: tf.Tensor, end: tf.Tensor, method):
    """The states at the start of the steps from a checkpoint on, all but the first by taking the steps again."""
    state = [kept.read(first // steps.stride) for kept in steps.states]
    states = [array(part, largest_stride(method.capacity)).write(0, part) for part in state]

    def again(number, state, states):
        time, size = steps.times.read(number), steps.sizes.read(number)
        weights = method.weights(time, size, end)
        slopes, _ = stages(slope, time, size, state, slope(time, state), method.tableau, len(weights))
        state = combine(state, size, weights, slopes)
        return (
            number + 1,
            state,
            [kept.write(number + 1 - first, part) for kept, part in zip(states, state, strict=True)],
        )

    return tf.while_loop(lambda number, *_: number < last - 1, again, (first, state, states))[2]


def _back_over_step(slope, time, size, state, cotangent, watched, tableau, weights):
    shares, rows = [0.0, *tableau.a][: len(weights)], [[], *tableau.b][: len(weights)]
    tapes, starts, slopes = [], [], []
    for share, row in zip(shares, rows, strict=True):
        starts.append(combine(state, size, row, slopes) if row else state)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([starts[-1], *watched])
            slopes.append(slope(time + share * size, starts[-1]))
        tapes.append(tape)
    by_starts, totals = [], []
    for number in reversed(range(len(rows))):
        effects = [weights[number], *(row[number] for row in rows[number + 1 :])]
        by_slope = weighted_sum(size, effects, [cotangent, *by_starts])
        by_start, gradients = tapes[number].gradient(
            slopes[number], [starts[number], list(watched)], by_slope, unconnected_gradients="zero"
        )
        by_starts.insert(0, by_start)
        totals.append([tf.convert_to_tensor(gradient) for gradient in gradients])
    return sums([cotangent, *by_starts]), sums(totals)
