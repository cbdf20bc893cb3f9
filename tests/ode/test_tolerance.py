import keras
import numpy as np
import pytest

import nodes_unet
from nodes_unet import InputError
from nodes_unet.ode import set_tolerance


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return nodes_unet.build("ode_unet", position=5, input_shape=(16, 16, 3), filters=2)


def test_a_smaller_tolerance_takes_more_evaluations_and_back_is_as_before(network):
    image = np.random.default_rng(0).normal(size=(1, 16, 16, 3)).astype(np.float32)
    block = network.get_layer("stage5_ode")
    block.dynamics.conv2.kernel.assign(20 * block.dynamics.conv2.kernel)
    outcomes = {}
    for tolerance in (1e-3, 1e-5, 1e-3):
        set_tolerance(network, tolerance)
        predicted = network.predict(image, verbose=0)
        outcomes.setdefault(tolerance, []).append((block.nfe, predicted))
    (coarse, first), (again, second) = outcomes[1e-3]
    assert outcomes[1e-5][0][0] > coarse == again
    np.testing.assert_array_equal(first, second)
    assert np.abs(outcomes[1e-5][0][1] - first).max() > 0


def test_blocks_in_networks_inside_are_reached(network):
    image = keras.Input((16, 16, 3))
    outer = keras.Model(image, network(image))
    set_tolerance(outer, 1e-2)
    assert network.get_layer("stage5_ode").tolerance == 1e-2


def test_a_network_without_a_block_and_a_tolerance_of_zero_are_refused(network):
    with pytest.raises(InputError, match="unet has no ODE-block"):
        set_tolerance(nodes_unet.build("unet", input_shape=(16, 16, 3), filters=2), 1e-2)
    with pytest.raises(InputError, match="must be positive and is 0"):
        set_tolerance(network, 0)
