"""True errors of gradients on random ReLU dynamics, against TensorFlow Probability's at the paper's tolerance."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from nodes_unet.ode import odeint

TOLERANCE, CHANNELS, SIZE = 1e-3, 8, 16


class Problem:
    """A ReLU dynamics, and the gradients of mean(h(1)^2) by a solver with respect to h(0) and both kernels.

    A scale of 0.7 is about Keras' initial values.
    """

    def __init__(self, solve, scale, dtype):
        self.scale = scale
        self.state = tf.Variable(tf.zeros((2, SIZE, SIZE, CHANNELS), dtype))
        self.kernels = [tf.Variable(tf.zeros((3, 3, CHANNELS + 1, CHANNELS), dtype)) for _ in range(2)]
        self.compiled = tf.function(lambda: self._gradients(solve), autograph=False)

    def gradients(self, seed):
        random = np.random.default_rng(seed)
        self.state.assign(random.standard_normal(self.state.shape))
        deviation = self.scale * np.sqrt(2 / (9 * CHANNELS))
        for kernel in self.kernels:
            kernel.assign(deviation * random.standard_normal(kernel.shape))
        return [gradient.numpy() for gradient in self.compiled()]

    def _gradients(self, solve):
        start = tf.convert_to_tensor(self.state)
        with tf.GradientTape() as tape:
            tape.watch(start)
            loss = tf.reduce_mean(solve(self._dynamics, start) ** 2)
        return tape.gradient(loss, [start, *self.kernels])

    def _dynamics(self, time, at):
        for kernel in self.kernels:
            at = tf.nn.relu(tf.nn.conv2d(tf.concat([at, tf.ones_like(at[..., :1]) * time], -1), kernel, 1, "SAME"))
        return at


def error(found, exact):
    """Mean relative error of the three gradients."""
    return np.mean([np.linalg.norm(f - e) / np.linalg.norm(e) for f, e in zip(found, exact, strict=True)])


@pytest.mark.parametrize(("scale", "at_most"), [(0.7, 0.6), (1.0, 0.6), (1.5, 1.0)])
def test_the_discrete_gradient_is_nearer_to_the_truth_than_tensorflow_probabilitys_adjoint(scale, at_most):
    solver = tfp.math.ode.DormandPrince(rtol=TOLERANCE, atol=TOLERANCE)
    exact = Problem(lambda f, y: odeint(f, y, 0.0, 1.0, rtol=1e-8, max_num_steps=20000)[0], scale, tf.float64)
    own = Problem(lambda f, y: odeint(f, y, 0.0, 1.0, rtol=TOLERANCE)[0], scale, tf.float32)
    other = Problem(lambda f, y: solver.solve(f, 0.0, y, [1.0]).states[0], scale, tf.float32)
    truths = [exact.gradients(seed) for seed in range(3)]
    ours, theirs = (
        [error(problem.gradients(seed), truth) for seed, truth in enumerate(truths)] for problem in (own, other)
    )
    assert np.mean(ours) <= at_most * np.mean(theirs), (ours, theirs)
