"""Encoders of segmentation-models: layers that a checkpoint may carry, and where their weights come from."""

import keras
import numpy as np
import pytest

from nodes_unet import InputError, build
from nodes_unet.models.encoders import _library, encoder, plain

SMALL = {"input_shape": (32, 32, 3), "encoder": "resnet18"}


def channel_attention(x):
    from classification_models.models._common_blocks import ChannelSE

    return _library()[0].inject_global_submodules(ChannelSE)(reduction=2)(x)


def grouped_convolution(x):
    from classification_models.models._common_blocks import GroupConv2D

    return _library()[0].inject_global_submodules(GroupConv2D)(8, (3, 3), groups=4)(x)


def inception_resnet_block(x):
    return keras.layers.Lambda(lambda inputs, scale: inputs[0] + inputs[1] * scale, arguments={"scale": 0.3})([x, x])


@pytest.mark.parametrize("block", [channel_attention, grouped_convolution, inception_resnet_block])
def test_anonymous_layers_are_replaced_by_some_that_a_checkpoint_may_carry(block, tmp_path):
    image = keras.Input((6, 6, 8))
    theirs = keras.Model(image, block(image))
    ours = plain(theirs)
    assert not [layer for layer in ours.layers if isinstance(layer, keras.layers.Lambda)]
    ours.save(tmp_path / "m.keras")
    x = np.random.default_rng(0).random((2, 6, 6, 8), np.float32)
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "m.keras")(x), theirs(x), rtol=1e-6)


def test_weights_come_from_a_local_file(tmp_path):
    theirs, _ = encoder("resnet18", (32, 32, 3))
    theirs.save_weights(tmp_path / "r.weights.h5")
    ours = build("attention_unet", **SMALL, encoder_weights=str(tmp_path / "r.weights.h5"))
    for layer in (layer for layer in theirs.layers if layer.weights):
        for mine, expected in zip(ours.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, expected)


def test_a_file_of_other_weights_and_one_that_is_not_there_are_named(tmp_path):
    encoder("resnet34", (32, 32, 3))[0].save_weights(tmp_path / "other.weights.h5")
    for name in ("other.weights.h5", "none.weights.h5"):
        with pytest.raises(InputError, match=f"{name}' of resnet18 cannot be had .*: take None or a local file"):
            build("attention_unet", **SMALL, encoder_weights=str(tmp_path / name))


def test_offline_the_weights_of_imagenet_end_in_a_sentence(monkeypatch):
    def offline(*_, **__):
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")  # as Keras' get_file raises it

    monkeypatch.setattr(keras.utils, "get_file", offline)
    with pytest.raises(InputError, match=r"weights 'imagenet' of resnet18 cannot be had .*or go online"):
        build("attention_unet", **SMALL, encoder_weights="imagenet")


def test_an_image_that_is_too_small_for_the_encoder_is_not_blamed_on_its_weights():
    with pytest.raises(InputError, match=r"attention_unet: .*75"):
        build("attention_unet", input_shape=(32, 32, 3), encoder="inceptionv3")
