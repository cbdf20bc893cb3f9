import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from nodes_unet.ode import ConvDynamics, odeint


def state_and_dynamics():
    dynamics = ConvDynamics(4, dtype="float64")
    dynamics.build((None, 6, 6, 4))
    random = np.random.default_rng(0)
    for variable in dynamics.weights:
        variable.assign(0.3 * random.normal(size=variable.shape))
    return tf.constant(random.normal(size=(2, 6, 6, 4))), dynamics


def gradients(solve, state, dynamics):
    with tf.GradientTape() as tape:
        tape.watch(state)
        loss = tf.reduce_sum(solve(lambda t, y: dynamics(t, y), state) ** 2)
    return tape.gradient(loss, [state, *(weight.value for weight in dynamics.weights)])


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2])
def test_with_first_step_tfp_it_is_tensorflow_probabilitys_gradient(tolerance):
    state, dynamics = state_and_dynamics()
    ours = gradients(
        lambda f, y: odeint(f, y, 0.0, 1.0, rtol=tolerance, first_step="tfp", gradient="adjoint")[0], state, dynamics
    )
    solver = tfp.math.ode.DormandPrince(rtol=tolerance, atol=tolerance)
    theirs = gradients(lambda f, y: solver.solve(f, 0.0, y, [1.0]).states[0], state, dynamics)
    for own, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(own - other) <= 1e-5 * np.linalg.norm(other)


@pytest.mark.parametrize(
    ("first_step", "jit_compile"), [("hairer", False), ("interval", False), (0.2, False), ("hairer", True)]
)
@pytest.mark.parametrize("norm", ["batch", "sample"])
def test_both_gradients_meet_at_a_small_tolerance(norm, first_step, jit_compile):
    matrix = tf.Variable(np.random.default_rng(1).normal(size=(3, 3)))
    start = tf.constant(np.random.default_rng(2).normal(size=(2, 3)))

    @tf.function(jit_compile=jit_compile, autograph=False)
    def slopes(start, shift, gradient):
        with tf.GradientTape() as tape:
            tape.watch([start, shift])
            end, _ = odeint(
                lambda t, y, shift: tf.tanh(y @ matrix + shift * t),
                start,
                0.0,
                1.0,
                (shift,),
                rtol=1e-9,
                first_step=first_step,
                gradient=gradient,
                norm=norm,
            )
        return tape.gradient(end, [start, shift, matrix])

    shift = tf.constant([1.0, 2.0, -1.0], tf.float64)
    for exact, continuous in zip(slopes(start, shift, "discrete"), slopes(start, shift, "adjoint"), strict=True):
        np.testing.assert_allclose(exact, continuous, rtol=1e-6, atol=1e-7)


def relative_gradients(method, scales):
    """For each scale the gradient of scale * sum(end ** 2), divided by it, and the evaluations on the way back."""
    state, dynamics = state_and_dynamics()
    evaluations = tf.Variable(0)

    @tf.function(autograph=False)
    def slope(scale):
        with tf.GradientTape() as tape:
            tape.watch(state)
            end, _ = odeint(
                lambda t, y: dynamics(t, y),
                state,
                0.0,
                1.0,
                rtol=1e-4,
                gradient=method,
                on_gradient=lambda stats: evaluations.assign(stats.nfe),
            )
            loss = scale * tf.reduce_sum(end**2)
        return tape.gradient(loss, state) / scale

    return [(slope(tf.constant(scale, tf.float64)), int(evaluations)) for scale in scales]


def test_the_scale_of_the_loss_changes_the_steps_of_the_adjoint_and_not_the_discrete_gradient():
    (small, few), (large, many) = relative_gradients("adjoint", (1e-6, 1.0))
    assert few < many
    assert np.linalg.norm(small - large) > 1e-6 * np.linalg.norm(large)
    (small, few), (large, many) = relative_gradients("discrete", (1e-6, 1.0))
    assert few == many
    np.testing.assert_allclose(small, large, rtol=1e-10, atol=1e-12)
