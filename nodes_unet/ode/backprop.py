"""Backpropagation through the solver's loop, which keeps what every evaluation computed.

This is how TensorFlow 1's `odeint` came by gradients, save that it differentiated its choice of step sizes as well.
These are those of `discrete`, to rounding: step sizes count as constants. Without a second evaluation on the way back
it is faster, at several times the memory.
"""

from collections.abc import Callable

import tensorflow as tf

from nodes_unet.ode.own_gradient import Evaluation, Stages, with_own_gradient
from nodes_unet.ode.states import State, sums
from nodes_unet.ode.steps import Advance, Problem, Slope, Stats


def solve(problem: Problem, method, on_gradient: Callable[[Stats], None]) -> tuple[State, Stats]:
    """Integrates the problem; gradients flow to the state, `args` and variables in f. Nothing is evaluated for them."""
    slope = _DifferentiableSlope(problem.function, problem.args)
    done = method.integrate(slope, problem.state, problem.start, problem.end, record=False)
    return done.state, done.stats


class _DifferentiableSlope(Slope):
    """A slope whose evaluations and steps bring their own gradient, the sums in it made in a fixed order."""

    def __call__(self, time: tf.Tensor, state: State) -> State:
        def evaluate(state, args):
            evaluation = Evaluation(Slope(self.function, args), time, state, args)
            return evaluation.slope, evaluation.back

        return with_own_gradient(evaluate, state, self.args)

    def advance(self, time, size, state: State, first: State, tableau, number: int, weights) -> Advance:
        parts = len(state)

        def take(tensors, args):
            state, first = tensors[:parts], tensors[parts:]
            stages = Stages(Slope(self.function, args), time, size, state, first, tableau, number, args)
            taken = Advance.over(stages.slopes, stages.at, state, size, weights)

            def back(cotangents, watched):
                by_outcome, by_last = cotangents[:parts], cotangents[-parts:]
                by_states, by_first, by_watched = stages.back(by_outcome, weights, by_last, watched)
                nothing = [tf.zeros_like(each) for each in watched]
                return [*sums([by_outcome, *by_states]), *by_first], sums(by_watched or [nothing])

            return [*taken.outcome, *taken.at, *tf.nest.flatten(taken.slopes)], back

        outputs = with_own_gradient(take, [*state, *first], self.args)
        outcome, at, *slopes = (outputs[place : place + parts] for place in range(0, len(outputs), parts))
        return Advance(slopes, at, outcome)
