import keras
import numpy as np
import pytest
import scipy.signal

from nodes_unet.ode import ConvDynamics


@pytest.mark.parametrize("filters", [1, 4, 32])
def test_parameters_are_those_of_two_convolutions_with_a_time_channel(filters):
    dynamics = ConvDynamics(filters)
    dynamics.build((None, 8, 8, filters))
    assert dynamics.count_params() == 2 * (9 * (filters + 1) * filters + filters)


def test_equals_two_correlations_with_relu_computed_by_scipy():
    random = np.random.default_rng(0)
    dynamics = ConvDynamics(2)
    dynamics.build((None, 6, 5, 2))
    dynamics.set_weights([random.normal(size=weight.shape) for weight in dynamics.get_weights()])
    state, time = random.normal(size=(1, 6, 5, 2)).astype(np.float32), 0.3

    def convolution(x, kernel, bias):
        x = np.concatenate([x, np.full((*x.shape[:2], 1), time)], axis=-1)
        planes = [
            sum(scipy.signal.correlate2d(x[..., i], kernel[..., i, o], mode="same") for i in range(x.shape[-1]))
            + bias[o]
            for o in range(kernel.shape[-1])
        ]
        return np.maximum(np.stack(planes, axis=-1), 0)

    kernel1, bias1, kernel2, bias2 = dynamics.get_weights()
    expected = convolution(convolution(state[0], kernel1, bias1), kernel2, bias2)
    np.testing.assert_allclose(dynamics(keras.ops.convert_to_tensor(time), state)[0], expected, rtol=1e-4, atol=1e-5)


def test_survives_serialisation():
    copy = keras.layers.deserialize(keras.layers.serialize(ConvDynamics(3, name="f")))
    assert (copy.filters, copy.name) == (3, "f")
