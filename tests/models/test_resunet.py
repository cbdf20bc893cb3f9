"""c-ResUnet and its family: the published size, any image size, and what each argument changes."""

import keras
import numpy as np
import pytest

import nodes_unet
from nodes_unet import InputError, build
from nodes_unet.checkpoint import Description, save
from nodes_unet.data.preprocessing import Preprocessing


def images(height=32, width=48, count=2):
    return np.random.default_rng(0).random((count, height, width, 3), np.float32)


def test_with_the_papers_widths_it_has_the_parameters_of_the_authors_network():
    assert build("c_resunet").count_params() == 1_709_177
    assert build("resunet").count_params() == 888_977


def unit(inputs, outputs, kernel):
    """Two batch normalisations and convolutions."""
    return 4 * (inputs + outputs) + (kernel**2 * inputs + 1 + kernel**2 * outputs + 1) * outputs


def test_the_second_bridge_unit_and_the_colour_space_are_the_difference():
    without = build("c_resunet", bridge_units=1).count_params()
    assert build("c_resunet").count_params() - without == unit(128, 128, 5)
    # a 1x1 convolution of three channels with its offset and normalisation; then the first kernel sees one channel
    assert build("resunet").count_params() - without == 2 * 9 * 16 - (3 + 1) - 4


def test_a_plain_u_net_of_the_family_lacks_the_shortcuts_only():
    shortcuts = sum((inputs + 1) * 2 * inputs for inputs in (16, 32, 64))
    plain = build("resunet", residual=False)
    assert build("resunet").count_params() - plain.count_params() == shortcuts
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.Add)]


@pytest.mark.parametrize("size", [(32, 48), (37, 50), (8, 8), (5, 4)])
def test_images_of_any_size_are_segmented_at_their_own(size):
    model = build("c_resunet", filters=2)
    outputs = model.predict_on_batch(images(*size))
    assert outputs.shape == (2, *size, 1)
    assert (outputs >= 0).all() and (outputs <= 1).all()


def test_what_is_missing_to_a_multiple_of_eight_is_mirrored():
    model, whole = build("c_resunet", filters=2), images(16, 24)
    part = whole[:, :13, :18]
    mirrored = np.pad(part, [(0, 0), (0, 3), (0, 6), (0, 0)], mode="symmetric")
    expected = model.predict_on_batch(mirrored)[:, :13, :18]
    np.testing.assert_allclose(model.predict_on_batch(part), expected, atol=1e-6)


def test_the_colour_space_has_one_channel_and_is_linear_before_its_elu():
    model = build("c_resunet", filters=2)
    space = keras.Model(model.input, model.get_layer("colour_space_bn").output)
    a, b = images(8, 8), images(8, 8)[::-1]
    assert space(a).shape == (2, 8, 8, 1)
    zero = space(np.zeros_like(a))
    np.testing.assert_allclose(space(a + b) - zero, (space(a) - zero) + (space(b) - zero), atol=1e-5)
    assert "colour_space_conv" not in [layer.name for layer in build("resunet", filters=2).layers]


def test_an_elu_follows_the_colour_space_as_in_the_authors_network():
    model = build("c_resunet", filters=2)
    model.get_layer("colour_space_bn").set_weights([np.array([x], np.float32) for x in (1, -0.5, 0, 1)])
    before, after = (model.get_layer(name).output for name in ("colour_space_bn", "down1_conv1"))
    linear, convolved = keras.Model(model.input, [before, after])(images(8, 8))
    assert (np.array(linear) < 0).any() and (np.array(linear) > 0).any()
    activated = np.where(linear > 0, linear, np.expm1(np.minimum(linear, 0)))
    np.testing.assert_allclose(model.get_layer("down1_conv1")(activated), convolved, atol=1e-6)


def test_dilation_widens_what_a_pixel_sees_at_no_parameters():
    sizes = {}
    for dilation in (1, 2):
        model = build("c_resunet", filters=2, bridge_dilation=dilation)
        sizes[dilation] = model.count_params()
        assert model.get_layer("down4_conv1").dilation_rate == (dilation, dilation)
    assert sizes[1] == sizes[2]


@pytest.mark.parametrize("network", ["c_resunet", "resunet"])
def test_moving_averages_move_by_what_the_momentum_leaves(network):
    model = build(network, filters=2, batch_norm_momentum=0.75)
    normalisations = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    inputs = keras.Model(model.input, normalisations[0].input)(images())
    model(images(), training=True)
    assert {layer.momentum for layer in normalisations} == {0.75}
    np.testing.assert_allclose(normalisations[0].moving_mean, 0.25 * np.mean(inputs, (0, 1, 2)), rtol=1e-3, atol=1e-6)


def test_several_classes_are_a_distribution():
    outputs = build("c_resunet", filters=2, classes=3).predict_on_batch(images())
    np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)


def test_a_training_step_lowers_the_loss():
    model = build("c_resunet", filters=2)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", jit_compile=False)
    labels = np.ones((2, 32, 48, 1))
    losses = [model.train_on_batch(images(), labels, return_dict=True)["loss"] for _ in range(5)]
    assert losses[-1] < losses[0]


def test_a_checkpoint_opens_with_the_package_and_with_keras(tmp_path):
    arguments = {"input_shape": [None, None, 3], "filters": 2}
    model = build("c_resunet", **arguments)
    save(
        model, Description("c_resunet", arguments, ("background", "cell"), Preprocessing(None, None)), tmp_path / "m.h5"
    )
    expected = model.predict_on_batch(images(13, 10))
    for loaded in (nodes_unet.load(tmp_path / "m.h5"), keras.models.load_model(tmp_path / "m.h5")):
        np.testing.assert_allclose(loaded.predict_on_batch(images(13, 10)), expected, atol=1e-6)


def test_a_network_without_a_bridge_is_refused():
    with pytest.raises(InputError, match="c_resunet: bridge_units 0 must be positive"):
        build("c_resunet", bridge_units=0)
