"""The exact gradient of the steps that an integration accepted, by going back over them.

Step sizes count as constants. Only the state at the start of each step is kept (of every so many steps, if there are
very many); its stages are evaluated again, each under a gradient tape of its own.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from nodes_unet.ode.own_gradient import Evaluation, Stages, with_own_gradient
from nodes_unet.ode.states import State, poisoned, sums
from nodes_unet.ode.steps import SUCCESS, Problem, Slope, Stats, Steps, array, largest_stride


def solve(problem: Problem, method, on_gradient: Callable[[Stats], None]) -> tuple[State, Stats]:
    """Integrates the problem; gradients flow to the state, `args` and variables in f."""
    parts, start, end = len(problem.state), problem.start, problem.end

    def compute(state, args):
        slope = Slope(problem.function, args)
        done = method.integrate(slope, state, start, end, record=True)

        def back(cotangents, watched):
            failed = done.stats.status != SUCCESS
            by_state = poisoned(cotangents[:parts], failed)
            by_state, by_watched = _back(slope, done.steps, by_state, watched, end, method)
            on_gradient(_stats(done.steps, start, end, method))
            return by_state, poisoned(by_watched, tf.reduce_any(failed))

        return [*done.state, *done.stats], back

    outputs = with_own_gradient(compute, problem.state, problem.args)
    return outputs[:parts], Stats(*outputs[parts:])


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
        state = slope.advance(time, size, state, slope(time, state), method.tableau, len(weights), weights).outcome
        return (
            number + 1,
            state,
            [kept.write(number + 1 - first, part) for kept, part in zip(states, state, strict=True)],
        )

    return tf.while_loop(lambda number, *_: number < last - 1, again, (first, state, states))[2]


def _back_over_step(slope: Slope, time, size, state: State, cotangent: State, watched: Sequence, tableau, weights):
    first = Evaluation(slope, time, state, watched)
    stages = Stages(slope, time, size, state, first.slope, tableau, len(weights), watched)
    by_states, by_first, by_watched = stages.back(cotangent, weights, None, watched)
    by_state, gradients = first.back(by_first, watched)
    return sums([cotangent, by_state, *by_states]), sums([*by_watched, gradients])
