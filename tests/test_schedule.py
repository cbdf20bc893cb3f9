"""Stopping and learning rate against Keras' callbacks on the same losses."""

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes_unet.schedule import learning_rate, stops

FLOATS = st.floats(0, 1, width=32, allow_subnormal=False)  # what losses are, and what Keras compares
LOSSES = st.lists(st.sampled_from([0.1, 0.2, 0.20005, 0.3, 0.5, 0.7]) | FLOATS, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def network():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(), "mse")
    return model


def follow(callback, network, losses):
    callback.set_model(network)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        yield


@settings(deadline=None)
@given(LOSSES, st.integers(1, 4))
def test_stops_where_keras_does(network, losses, patience):
    network.stop_training = False
    for number, _ in enumerate(follow(keras.callbacks.EarlyStopping(patience=patience), network, losses), 1):
        assert stops(losses[:number], patience) == network.stop_training
        if network.stop_training:
            return


@settings(deadline=None)
@given(LOSSES, st.integers(1, 4), st.sampled_from([0.5, 0.7]))
def test_the_rate_falls_where_keras_lets_it(network, losses, patience, factor):
    network.optimizer.learning_rate = 1e-2
    callback = keras.callbacks.ReduceLROnPlateau(patience=patience, factor=factor)
    for number, _ in enumerate(follow(callback, network, losses), 1):
        expected = float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))
        assert learning_rate(1e-2, losses[:number], patience, factor) == pytest.approx(expected, rel=1e-5)


def test_without_patience_nothing_changes():
    losses = [0.1] * 50
    assert not stops(losses, None)
    assert learning_rate(1e-3, losses, None) == 1e-3
