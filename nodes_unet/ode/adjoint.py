"""The continuous adjoint of Chen et al. 2018 (section 2 and appendix B), as TensorFlow Probability computes it.

The state, its adjoint and the gradients of what the right-hand side depends on are integrated backwards together, with
the same tolerance as the forward integration and one error norm over all of them.
"""

from collections import namedtuple
from collections.abc import Callable

import tensorflow as tf
from tensorflow_probability.python.math.ode import base

from nodes_unet.ode.states import State
from nodes_unet.ode.steps import Problem, Slope, Stats


def solve(problem: Problem, method, on_gradient: Callable[[Stats], None]) -> tuple[State, Stats]:
    """Integrates the problem; gradients flow to the state, `args` and variables in f."""
    results = _Solver(method, lambda: _Solver(method.joint(), None, on_gradient)).solve(
        lambda time, at, args: tuple(problem.function(time, list(at), list(args))),
        initial_time=problem.start,
        initial_state=tuple(problem.state),
        solution_times=[problem.end],
        constants={"args": tuple(problem.args)},
    )
    return [part[0] for part in results.states], results.diagnostics.stats


class _Diagnostics(namedtuple("_Diagnostics", ["stats"]), base.Diagnostics):
    """Statistics, in the place where TensorFlow Probability looks for them."""

    @property
    def status(self):
        """Zero where the integration went well."""
        return self.stats.status


class _Solver(base.Solver):
    """A method of this package in the place of TensorFlow Probability's own, forwards and backwards."""

    def __init__(self, method, make_backward: Callable | None, on_end: Callable[[Stats], None] = lambda stats: None):
        super().__init__(make_adjoint_solver_fn=make_backward, validate_args=False, name="adjoint")
        self._method, self._on_end = method, on_end

    def _solve(self, ode_fn, initial_time, initial_state, solution_times, **_):
        parts = tf.nest.flatten(initial_state)

        def function(time, at, _):
            return tf.nest.flatten(ode_fn(time, tf.nest.pack_sequence_as(initial_state, at)))

        end = tf.convert_to_tensor(solution_times[-1])
        done = self._method.integrate(Slope(function, ()), parts, tf.cast(initial_time, end.dtype), end, record=False)
        self._on_end(done.stats)
        states = tf.nest.pack_sequence_as(initial_state, [tf.stop_gradient(part)[tf.newaxis] for part in done.state])
        return base.Results(end[tf.newaxis], states, _Diagnostics(done.stats), ())

    def _initialize_solver_internal_state(self, **_):
        return ()
