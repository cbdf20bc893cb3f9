"""diffrax's Dopri5 on JAX, with recursive checkpoints."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from reproduce.benchmarks.ode.methods import Prepared
from reproduce.benchmarks.ode.problem import Problem


def prepare(problem: Problem, tolerance: float) -> Prepared:
    """Makes a problem ready."""
    activation = {"relu": jax.nn.relu, "softplus": jax.nn.softplus}[problem.activation]
    state, cotangent = jnp.asarray(problem.state()), jnp.asarray(problem.cotangent())
    kernels = tuple(map(jnp.asarray, problem.kernels()))

    def dynamics(time, state, kernels):
        for kernel in kernels:
            with_time = jnp.concatenate([state, jnp.ones_like(state[..., :1]) * time], -1)
            state = activation(
                jax.lax.conv_general_dilated(
                    with_time, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
                )
            )
        return state

    def solve(state, kernels):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(dynamics),
            diffrax.Dopri5(),
            0.0,
            1.0,
            None,
            state,
            kernels,
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
            adjoint=diffrax.RecursiveCheckpointAdjoint(),
            max_steps=1000,
        )
        return solution.ys[-1], solution.stats

    def loss(state, kernels):
        return jnp.sum(cotangent * solve(state, kernels)[0])

    compiled_solve, compiled_gradient = jax.jit(solve), jax.jit(jax.grad(loss, (0, 1)))

    def forward():
        end, stats = compiled_solve(state, kernels)
        evaluations = 2 + 6 * int(stats["num_steps"])  # the first slope, and one more to choose the first step
        return np.asarray(end), evaluations, int(stats["num_accepted_steps"])

    def step():
        by_state, by_kernels = compiled_gradient(state, kernels)
        return [np.asarray(by_state), *map(np.asarray, by_kernels)]

    return Prepared(forward, step)
