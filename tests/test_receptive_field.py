"""The effective receptive field, of convolutions whose field is known."""

import keras
import numpy as np
import pytest

from nodes_unet import build, set_tolerance
from nodes_unet.receptive_field import effective_receptive_field, radius


def boxes(layers, size=33):
    """A network of 3x3 means and a sigmoid."""
    image = keras.Input((size, size, 1))
    x = image
    for _ in range(layers):
        x = keras.layers.Conv2D(
            1, 3, padding="same", use_bias=False, kernel_initializer=keras.initializers.Constant(1 / 9)
        )(x)
    return keras.Model(image, keras.layers.Activation("sigmoid")(x))


def images(size=33, channels=1, count=2):
    return np.random.default_rng(0).random((count, size, size, channels), np.float32)


@pytest.mark.parametrize("layers", [1, 3, 6])
def test_each_mean_of_three_widens_the_field_by_two_thirds_an_axis(layers):
    field = effective_receptive_field(boxes(layers), images())
    assert field.sum() == pytest.approx(1)
    assert (field > 0).sum() == (2 * layers + 1) ** 2
    assert radius(field) == pytest.approx(np.sqrt(2 * layers * 2 / 3), rel=1e-4)


def test_a_pixel_that_depends_on_itself_alone_has_no_reach():
    image = keras.Input((9, 9, 1))
    model = keras.Model(image, keras.layers.Conv2D(1, 1, activation="sigmoid")(image))
    assert radius(effective_receptive_field(model, images(9))) == 0


def test_a_certain_prediction_has_no_gradient_and_is_left_out():
    image = keras.Input((9, 9, 1))
    model = keras.Model(image, keras.layers.Activation("sigmoid")(1000 * image))
    black = np.zeros((9, 9, 1), np.float32)
    assert np.isnan(effective_receptive_field(model, [black + 1])).all()
    assert effective_receptive_field(model, [black + 1, black])[4, 4] == 1


def test_an_ode_block_can_be_asked_at_any_tolerance():
    model = build("ode_unet", position=5, input_shape=(32, 32, 3), filters=2, first_step="hairer")
    for tolerance in (1e-1, 1e-5):
        set_tolerance(model, tolerance)
        assert 0 < radius(effective_receptive_field(model, images(32, 3))) < 32
