"""True errors of gradients on random ReLU dynamics, against TensorFlow Probability's at the paper's tolerance."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from nodes_unet.ode import odeint

TOLERANCE, CHANNELS, SIZE = 1e-3, 8, 16


def gradients(solve, scale, seed, dtype):
    """Those of mean(h(1)^2) with respect to h(0) and both kernels; a scale of 0.7 is about Keras' initial values."""
    random = np.random.default_rng(seed)
    state = tf.constant(random.standard_normal((2, SIZE, SIZE, CHANNELS)), dtype)
    deviation = scale * np.sqrt(2 / (9 * CHANNELS))
    kernels = [
        tf.Variable(deviation * random.standard_normal((3, 3, CHANNELS + 1, CHANNELS)), dtype=dtype) for _ in range(2)
    ]

    def dynamics(time, at):
        for kernel in kernels:
            at = tf.nn.relu(tf.nn.conv2d(tf.concat([at, tf.ones_like(at[..., :1]) * time], -1), kernel, 1, "SAME"))
        return at

    @tf.function(autograph=False)
    def compiled():
        with tf.GradientTape() as tape:
            tape.watch(state)
            loss = tf.reduce_mean(solve(dynamics, state) ** 2)
        return tape.gradient(loss, [state, *kernels])

    return [gradient.numpy() for gradient in compiled()]


def error(found, exact):
    """Mean relative error of the three gradients."""
    return np.mean([np.linalg.norm(f - e) / np.linalg.norm(e) for f, e in zip(found, exact, strict=True)])


@pytest.mark.parametrize(("scale", "at_most"), [(0.7, 0.6), (1.0, 0.6), (1.5, 1.0)])
def test_the_discrete_gradient_is_nearer_to_the_truth_than_tensorflow_probabilitys_adjoint(scale, at_most):
    solver = tfp.math.ode.DormandPrince(rtol=TOLERANCE, atol=TOLERANCE)
    ours, theirs = [], []
    for seed in range(3):
        exact = gradients(
            lambda f, y: odeint(f, y, 0.0, 1.0, rtol=1e-8, max_num_steps=20000)[0], scale, seed, tf.float64
        )
        own = gradients(lambda f, y: odeint(f, y, 0.0, 1.0, rtol=TOLERANCE)[0], scale, seed, tf.float32)
        other = gradients(lambda f, y: solver.solve(f, 0.0, y, [1.0]).states[0], scale, seed, tf.float32)
        ours.append(error(own, exact))
        theirs.append(error(other, exact))
    assert np.mean(ours) <= at_most * np.mean(theirs), (ours, theirs)
