"""U-Net and LinkNet with attention gates: sizes to the digit, and outputs against segmentation-models' own."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from nodes_unet import InputError, build
from nodes_unet.checkpoint import Description, save
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.models.attention import attention_coefficients, gates

SHAPE = (64, 96, 3)
PARAMETERS = {
    ("attention_unet", "resnet50", False): 32_561_114,
    ("attention_unet", "efficientnetb0", False): 10_115_501,
    ("attention_unet", "efficientnetb0", True): 10_863_357,
    ("attention_linknet", "efficientnetb0", False): 6_096_333,
    ("attention_linknet", "efficientnetb0", True): 6_906_013,
}


def images(shape=SHAPE):
    return np.random.default_rng(0).random((2, *shape), np.float32)


@pytest.mark.parametrize(("case", "expected"), PARAMETERS.items())
def test_networks_have_the_parameters_of_segmentation_models_and_of_gates(case, expected):
    network, encoder, attention = case
    assert build(network, encoder=encoder, attention=attention).count_params() == expected


@pytest.mark.parametrize(
    ("network", "reference", "encoder"),
    [
        ("attention_unet", "Unet", "efficientnetb0"),
        ("attention_linknet", "Linknet", "efficientnetb0"),
        ("attention_unet", "Unet", "resnet50"),
        ("attention_unet", "Unet", "vgg16"),
        ("attention_linknet", "Linknet", "seresnet18"),
    ],
)
def test_without_gates_outputs_are_those_of_segmentation_models(network, reference, encoder, monkeypatch):
    from nodes_unet.models.encoders import _library

    library, _ = _library()
    theirs = getattr(library, reference)(encoder, input_shape=SHAPE, encoder_weights=None)
    with monkeypatch.context() as without:  # the library's decoders, of which ours must not be made
        without.setattr(library, reference, None)
        without.setattr(f"segmentation_models.models.{reference.lower()}.build_{reference.lower()}", None)
        ours = build(network, input_shape=SHAPE, encoder=encoder, attention=False)
    random = np.random.default_rng(1)
    for layer in theirs.layers:  # moving averages and offsets that matter
        layer.set_weights([w + 0.1 * random.random(w.shape, np.float32) for w in layer.get_weights()])
    own = [layer for layer in ours.layers if layer.weights]
    their = [layer for layer in theirs.layers if layer.weights]
    assert not {id(layer) for layer in own} & {id(layer) for layer in their}
    for mine, other in zip(own, their, strict=True):
        mine.set_weights(other.get_weights())
    np.testing.assert_allclose(ours(images()), theirs(images()), atol=1e-6)


@pytest.mark.parametrize("network", ["attention_unet", "attention_linknet"])
def test_gates_weigh_each_skip_between_zero_and_one(network):
    model = build(network, input_shape=SHAPE)
    plain = build(network, input_shape=SHAPE, attention=False)
    assert not [layer.name for layer in plain.layers if "gate" in layer.name]
    assert gates(plain) == {}
    alphas = attention_coefficients(model, images())
    for number, scale in enumerate((16, 8, 4, 2)):
        alpha = alphas[f"gate{number}"]
        assert alpha.shape == (2, SHAPE[0] // scale, SHAPE[1] // scale)
        assert np.min(alpha) > 0 and np.max(alpha) < 1
    gate = model.get_layer("gate3_output")
    gated, skip = keras.Model(model.input, [gate.output, gate.input[0]])(images())
    np.testing.assert_allclose(gated, alphas["gate3"][..., None] * skip, rtol=1e-5, atol=1e-7)


def test_a_gated_network_for_images_of_any_size_shows_its_gates_and_several_classes():
    arguments = {"classes": 3, "encoder": "resnet18"}
    fixed, any_size = (build("attention_unet", input_shape=shape, **arguments) for shape in (SHAPE, (None, None, 3)))
    fixed.set_weights(any_size.get_weights())
    assert list(gates(any_size)) == list(gates(fixed))
    for name, alpha in attention_coefficients(fixed, images()).items():
        np.testing.assert_allclose(attention_coefficients(any_size, images())[name], alpha, atol=1e-6)
    outputs = any_size.predict_on_batch(images((50, 70, 3)))
    assert outputs.shape == (2, 50, 70, 3)
    np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("network", ["attention_unet", "attention_linknet"])
def test_moving_averages_of_encoder_gates_and_decoder_move_by_what_the_momentum_leaves(network):
    model = build(network, input_shape=SHAPE, batch_norm_momentum=0.75)
    first, *others = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in others} == {0.75}
    x = keras.Model(model.input, first.input)(images())
    model(images(), training=True)
    np.testing.assert_allclose(first.moving_mean, 0.25 * np.mean(x, (0, 1, 2)), rtol=1e-3, atol=1e-6)


def test_a_gated_checkpoint_opens_where_segmentation_models_cannot_be_imported(tmp_path):
    arguments = {"input_shape": [32, 32, 3], "classes": 1}
    model = build("attention_linknet", **arguments)
    save(model, Description("attention_linknet", arguments, ("cell",), Preprocessing(None, None)), tmp_path / "m.h5")
    np.save(tmp_path / "x.npy", images((32, 32, 3)))
    code = (
        "import sys; sys.modules['segmentation_models'] = sys.modules['efficientnet'] = None\n"
        "import keras, numpy, nodes_unet\n"
        "model = keras.models.load_model('m.h5')\n"
        "numpy.save('y.npy', model.predict_on_batch(numpy.load('x.npy')))\n"
        "try: nodes_unet.load('m.h5')\n"
        "except nodes_unet.InputError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "install it, or open a checkpoint with keras.models.load_model" in run.stdout
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model.predict_on_batch(images((32, 32, 3))), atol=1e-6)


def test_the_package_and_the_unet_family_do_not_import_the_library():
    code = (
        "import sys, nodes_unet; nodes_unet.build('unet', filters=2); assert 'segmentation_models' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_encoder_and_a_size_that_does_not_divide_are_named():
    with pytest.raises(InputError, match="encoder 'resnet51' is unknown"):
        build("attention_unet", encoder="resnet51")
    with pytest.raises(InputError, match="multiples of 32"):
        build("attention_unet", input_shape=(48, 64, 3))
