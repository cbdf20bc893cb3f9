import keras
import numpy as np
import pytest
import scipy.integrate
import tensorflow as tf

from nodes_unet import ODEBlock


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
    np.testing.assert_allclose(block(state()), state(), atol=1e-5)  # the end is interpolated in float32


def test_nfe_is_readable_after_a_call_and_counts_more_for_a_smaller_tolerance():
    coarse, fine = ODEBlock(4, tolerance=1e-2), ODEBlock(4, tolerance=1e-6)
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


def test_mean_nfe_of_an_epoch_is_in_the_history():
    model = keras.Sequential([keras.Input((6, 6, 4)), ODEBlock(4, name="ode")])
    model.compile("sgd", "mse", jit_compile=False)
    history = model.fit(state(), state(), epochs=1, verbose=0, validation_data=(state(), state())).history
    assert history["ode_nfe"] == history["val_ode_nfe"] == [7]


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


def test_a_nan_input_gives_nan_and_returns():
    inputs = state()
    inputs[0, 0, 0, 0] = np.nan
    assert np.isnan(ODEBlock(4)(inputs)).all()


def test_every_weight_gets_a_gradient():
    block = ODEBlock(4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(state()) ** 2)
    gradients = tape.gradient(loss, block.trainable_variables)
    assert len(gradients) == 4
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_gradient_agrees_with_finite_differences_at_a_small_tolerance():
    block = ODEBlock(2, tolerance=1e-6)
    inputs = state(channels=2, size=4)
    block.build(inputs.shape)
    bias = block.dynamics.conv2.bias

    @tf.function
    def loss():
        return tf.reduce_sum(block(inputs))

    @tf.function
    def gradient_by_the_block():
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(block(inputs))
        return tape.gradient(value, bias)

    def at(moved):
        bias.assign(moved)
        return float(loss())

    start, step = bias.numpy(), 1e-2
    gradient = gradient_by_the_block().numpy()
    for channel, direction in enumerate(np.eye(2, dtype=np.float32) * step):
        slope = (at(start + direction) - at(start - direction)) / (2 * step)
        assert gradient[channel] == pytest.approx(slope, rel=0.03)


def test_wrong_number_of_channels_is_named():
    with pytest.raises(ValueError, match="made for 8 channels and was given 4"):
        ODEBlock(8)(state())


def test_survives_serialisation():
    block = ODEBlock(3, tolerance=1e-5, first_step=0.1, max_num_steps=7, name="b")
    copy = keras.layers.deserialize(keras.layers.serialize(block))
    assert copy.get_config() == block.get_config()
