"""This package's solver."""

import tensorflow as tf

from nodes_unet.ode import odeint
from reproduce.benchmarks.ode.dynamics_in_tensorflow import Dynamics, prepared
from reproduce.benchmarks.ode.methods import Prepared
from reproduce.benchmarks.ode.problem import Problem


def prepare(problem: Problem, tolerance: float, first_step="hairer", gradient="discrete", norm="batch") -> Prepared:
    """Makes a problem ready."""

    def solve(dynamics, state):
        end, stats = odeint(
            dynamics, state, 0.0, 1.0, rtol=tolerance, first_step=first_step, gradient=gradient, norm=norm
        )
        return end, stats.nfe, tf.reduce_max(stats.accepted)

    return prepared(Dynamics(problem), solve)
