"""TensorFlow Probability's Dormand-Prince as it comes."""

import tensorflow_probability as tfp

from reproduce.benchmarks.ode.dynamics_in_tensorflow import Dynamics, prepared
from reproduce.benchmarks.ode.methods import Prepared
from reproduce.benchmarks.ode.problem import Problem


def prepare(problem: Problem, tolerance: float) -> Prepared:
    """Makes a problem ready."""
    solver = tfp.math.ode.DormandPrince(rtol=tolerance, atol=tolerance)

    def solve(dynamics, state):
        results = solver.solve(dynamics, 0.0, state, [1.0])
        evaluations = results.diagnostics.num_ode_fn_evaluations  # it leaves out the first
        return results.states[0], evaluations + 1, evaluations // 6  # and does not tell rejected steps

    return prepared(Dynamics(problem), solve)
