import keras
import numpy as np
import pytest
import scipy.integrate
import tensorflow as tf

from nodes_unet import ODEBlock
from nodes_unet.errors import SolverError


def state(channels=4, size=6, scale=1.0):
    return scale * np.random.default_rng(1).normal(size=(2, size, size, channels)).astype(np.float32)


def test_solves_its_own_dynamics_as_scipy_does():
    block = ODEBlock(4, tolerance=1e-6)
    inputs = state()
    outputs = block(inputs)

    def dynamics(t, flat):
        return np.asarray(
            block.dynamics(tf.constant(t, tf.float32), tf.constant(flat.reshape(inputs.shape), tf.float32))
        ).ravel()

    expected = scipy.integrate.solve_ivp(dynamics, (0, 1), inputs.ravel().astype(np.float64), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(np.asarray(outputs).ravel(), expected.y[:, -1], atol=1e-3)  # ReLU kinks cost accuracy


def test_zero_weights_leave_the_state_alone():
    block = ODEBlock(4)
    block.build((None, 6, 6, 4))
    block.set_weights([np.zeros_like(weight) for weight in block.get_weights()])
    np.testing.assert_allclose(block(state()), state(), atol=0)


def test_nfe_is_readable_after_a_call_and_counts_more_for_a_smaller_tolerance():
    coarse, fine = (ODEBlock(4, tolerance=tolerance, first_step="interval") for tolerance in (1e-2, 1e-6))
    for block in (coarse, fine):
        block.build((None, 6, 6, 4))
    fine.set_weights(coarse.get_weights())
    coarse(state()), fine(state())
    assert coarse.nfe == 7
    assert fine.nfe > coarse.nfe


def test_nfe_is_no_parameter():
    block = ODEBlock(4)
    block.build((None, 6, 6, 4))
    assert block.count_params() == block.dynamics.count_params() == 2 * (9 * 5 * 4 + 4)


@pytest.mark.parametrize(("gradient", "backward"), [("discrete", 6), ("backprop", 0), ("adjoint", 7)])
def test_the_solvers_health_is_in_the_history_of_each_epoch(gradient, backward):
    block = ODEBlock(4, first_step="interval", gradient=gradient, tolerance=1, name="ode")
    model = keras.Sequential([keras.Input((6, 6, 4)), block])
    model.compile("sgd", "mse", jit_compile=False)
    history = model.fit(state(), state(), epochs=2, verbose=0, validation_data=(state(), state())).history
    assert history["ode_nfe"] == history["val_ode_nfe"] == [7, 7]
    assert history["ode_nfe_backward"] == [backward, backward]
    assert history["ode_rejected"] == history["ode_failed"] == [0, 0]


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
def test_gradients_under_xla_are_those_without(gradient):
    block = ODEBlock(4, gradient=gradient, max_num_steps=20)
    block.build((2, 6, 6, 4))

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(block(state()) ** 2)
        return tape.gradient(loss, [weight.value for weight in block.trainable_variables])

    plain, compiled = (tf.function(gradients, jit_compile=jit_compile)() for jit_compile in (False, True))
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("policy", "dtype"), [("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")])
def test_solves_in_float32_under_a_mixed_policy(policy, dtype):
    block = ODEBlock(4, dtype=policy)
    outputs = block(state())
    assert outputs.dtype == dtype
    assert {weight.dtype for weight in block.weights} == {"float32"}
    plain = ODEBlock(4)
    plain.build((None, 6, 6, 4))
    plain.set_weights(block.get_weights())
    np.testing.assert_allclose(tf.cast(outputs, "float32"), plain(state()), atol=0.05)


def test_trains_under_mixed_float16():
    model = keras.Sequential([keras.Input((6, 6, 4)), ODEBlock(4, dtype="mixed_float16")])
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=False)
    before = model.get_weights()[0].copy()
    assert np.isfinite(model.train_on_batch(state(), state() + 1, return_dict=True)["loss"])
    assert (model.get_weights()[0] != before).any()


def test_a_nan_input_raises_in_eager_mode_and_gives_nan_and_a_count_in_a_graph():
    inputs, block = state(), ODEBlock(4)
    block.build(inputs.shape)
    inputs[0, 0, 0, 0] = np.nan
    with pytest.raises(SolverError, match="stopped at t = 0 after 0 accepted steps"):
        block(inputs)
    assert np.isnan(tf.function(block)(inputs)).all()
    assert float(block.failed_solves.result()) == 1


def test_an_infinite_weight_gives_nan_in_a_graph():
    block = ODEBlock(4)
    block.build((None, 6, 6, 4))
    block.dynamics.conv2.bias.assign(np.full(4, np.inf))
    assert np.isnan(tf.function(block)(state())).all()


def test_every_weight_gets_a_gradient():
    block = ODEBlock(4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(state()) ** 2)
    gradients = tape.gradient(loss, block.trainable_variables)
    assert len(gradients) == 4
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_both_gradients_agree_at_a_small_tolerance():
    inputs = state()

    def gradients(gradient):
        block = ODEBlock(4, tolerance=1e-6, gradient=gradient)
        block.build(inputs.shape)
        for seed, weight in enumerate(block.trainable_variables):
            weight.assign(0.3 * np.random.default_rng(seed).normal(size=weight.shape))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.function(block)(inputs) ** 2)
        return tape.gradient(loss, [weight.value for weight in block.trainable_variables])

    for exact, continuous in zip(gradients("discrete"), gradients("adjoint"), strict=True):
        assert np.linalg.norm(exact - continuous) < 0.02 * np.linalg.norm(continuous)  # ReLU kinks cost accuracy


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
def test_the_gradient_of_a_large_state_is_the_same_to_the_bit_each_time(gradient):
    # above some 200 MB TensorFlow's graph optimizer makes sums add up in the order in which terms become ready
    block = ODEBlock(32, first_step="interval", gradient=gradient)
    inputs = state(channels=32, size=256)
    block.build(inputs.shape)

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(block(inputs) ** 2)
        return tape.gradient(loss, [weight.value for weight in block.trainable_variables])

    first = gradients()
    for _ in range(2):
        for again, before in zip(gradients(), first, strict=True):
            np.testing.assert_array_equal(again, before)


def test_wrong_number_of_channels_is_named():
    with pytest.raises(ValueError, match="made for 8 channels and was given 4"):
        ODEBlock(8)(state())


def test_survives_serialisation():
    block = ODEBlock(3, 1e-5, 0.1, 7, norm="sample", gradient="adjoint", name="b")
    copy = keras.layers.deserialize(keras.layers.serialize(block))
    assert copy.get_config() == block.get_config()
