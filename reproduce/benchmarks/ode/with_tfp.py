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
        return results.states[0], results.diagnostics.num_ode_fn_evaluations + 1, None  # it leaves out the first

    return prepared(Dynamics(problem), solve)
