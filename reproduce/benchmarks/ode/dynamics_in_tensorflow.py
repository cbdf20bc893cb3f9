"""The dynamics in TensorFlow, and what every TensorFlow solver's calls look like."""

import numpy as np
import tensorflow as tf

from reproduce.benchmarks.ode.methods import Prepared
from reproduce.benchmarks.ode.problem import Problem


class Dynamics:
    """f(t, h) with variables.

    Args:
        problem: the problem.
        dtype: of state and variables.
    """

    def __init__(self, problem: Problem, dtype: tf.DType = tf.float32):
        self.activation = getattr(tf.nn, problem.activation)
        self.kernels = [tf.Variable(kernel, dtype=dtype) for kernel in problem.kernels()]
        self.state = tf.constant(problem.state(), dtype)
        self.cotangent = tf.constant(problem.cotangent(), dtype)

    def __call__(self, time: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        """The derivative."""
        for kernel in self.kernels:
            with_time = tf.concat([state, tf.ones_like(state[..., :1]) * time], -1)
            state = self.activation(tf.nn.conv2d(with_time, kernel, 1, "SAME"))
        return state


def prepared(dynamics: Dynamics, solve) -> Prepared:
    """Compiled calls of `solve(dynamics, state)`, which returns end state, evaluations and accepted steps."""

    @tf.function(autograph=False)
    def forward():
        return solve(dynamics, dynamics.state)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            tape.watch(dynamics.state)
            end, *_ = solve(dynamics, dynamics.state)
        return tape.gradient(end, [dynamics.state, *dynamics.kernels], dynamics.cotangent)

    def forward_now():
        end, evaluations, accepted = forward()
        return end.numpy(), int(evaluations), None if accepted is None else int(accepted)

    return Prepared(forward_now, lambda: [np.asarray(gradient) for gradient in step()])
