"""Every network of the registry: sizes, counts, a training step, saving and loading."""

import re

import keras
import numpy as np
import pytest

import nodes_unet
from nodes_unet import InputError, build
from nodes_unet.checkpoint import Description, save
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.models import NETWORKS, arguments_of, module_of
from nodes_unet.ode import ODEBlock

SMALL = [
    ("unet", {}),
    *(("ode_unet", {"position": k}) for k in (1, 5, 9)),
    ("nodes_unet", {}),
    ("resnet_unet", {"residual_blocks": [1, 2, 0, 1]}),
]
ELSEWHERE = {
    "count_head",
    "classifier",
    "attention_unet",
    "attention_linknet",
    "c_resunet",
    "resunet",
}  # in tests of their own
NAMED = pytest.mark.parametrize(("name", "arguments"), SMALL)


def small(name, arguments, **more):
    return build(name, input_shape=(32, 48, 3), filters=2, **arguments, **more)


def images(count=2):
    return np.random.default_rng(0).random((count, 32, 48, 3), np.float32)


def test_help_names_every_network():
    assert set(NETWORKS) <= set(re.findall(r"\w+", build.__doc__))


def test_every_network_is_covered():
    assert {name for name, _ in SMALL} == set(NETWORKS) - ELSEWHERE


@NAMED
def test_output_is_a_distribution_over_classes_of_the_image_size(name, arguments):
    outputs = np.asarray(small(name, arguments)(images()))
    assert outputs.shape == (2, 32, 48, 3)
    np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)


@NAMED
def test_one_class_means_sigmoid(name, arguments):
    outputs = np.asarray(small(name, arguments, classes=1)(images()))
    assert outputs.shape[-1] == 1
    assert (outputs > 0).all() and (outputs < 1).all()


@NAMED
def test_a_training_step_lowers_the_loss(name, arguments):
    model = small(name, arguments, dropout=0)
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", jit_compile=False)
    labels = np.ones((2, 32, 48))
    first, second = (model.train_on_batch(images(), labels, return_dict=True)["loss"] for _ in range(2))
    assert second < first


@NAMED
def test_takes_images_of_any_size_that_is_a_multiple_of_16(name, arguments):
    model = build(name, input_shape=(None, None, 3), filters=2, **arguments)
    fixed = small(name, arguments)
    fixed.set_weights(model.get_weights())
    np.testing.assert_allclose(model(images()), fixed(images()), atol=1e-5)
    assert model(np.zeros((1, 16, 64, 3), np.float32)).shape == (1, 16, 64, 3)


@NAMED
def test_a_checkpoint_opens_with_load_and_with_keras(name, arguments, tmp_path):
    plain = {"input_shape": [32, 48, 3], "filters": 2, **arguments}
    model = build(name, **plain)
    save(model, Description(name, plain, ("a", "b", "c"), Preprocessing()), tmp_path / "best.h5")
    expected = model(images())
    np.testing.assert_array_equal(nodes_unet.load(tmp_path / "best.h5")(images()), expected)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "best.h5")(images()), expected)


@NAMED
def test_two_builds_have_the_same_layer_names(name, arguments):
    assert [layer.name for layer in small(name, arguments).layers] == [
        layer.name for layer in small(name, arguments).layers
    ]


def test_half_width_unet_has_the_published_structures_parameters():
    model = build("unet", input_shape=(256, 256, 3))
    assert model.count_params() == 7_760_163


@pytest.mark.parametrize("position", range(1, 10))
def test_an_ode_block_adds_two_convolutions_with_a_time_channel_after_its_stage(position):
    channels = [32, 64, 128, 256, 512, 256, 128, 64, 32][position - 1]
    model = build("ode_unet", position=position)
    assert model.count_params() == 7_760_163 + 2 * (9 * (channels + 1) * channels + channels)
    (block,) = [layer for layer in model.layers if isinstance(layer, ODEBlock)]
    assert block.name == f"stage{position}_ode"
    assert block.input._keras_history.operation.name == f"stage{position}_conv2"
    assert block.tolerance == 1e-3


def test_nodes_unet_has_its_blocks_at_the_bottom_with_the_papers_tolerances():
    blocks = [layer for layer in build("nodes_unet", filters=2).layers if isinstance(layer, ODEBlock)]
    assert [(block.name, block.tolerance) for block in blocks] == [
        ("stage3_ode", 1e-4),
        ("stage4_ode", 1e-4),
        ("stage5_ode", 1e-6),
    ]


@pytest.mark.parametrize(
    ("positions", "placement", "parameters", "ratio"),
    [
        ((3, 4, 5), "after", (13_971_235, 30_402_211), 46.0),
        ((4, 5, 6), "after", (14_858_531, 30_402_211), 48.9),
        ((3, 4, 5), "instead", (10_873_763, 27_267_811), 39.9),
        ((4, 5, 6), "instead", (11_318_563, 27_267_811), 41.5),
    ],
)
def test_parameters_of_nodes_unet_and_resnet_under_each_reading_of_the_text(positions, placement, parameters, ratio):
    ours = build("nodes_unet", positions=positions, placement=placement)
    counted = (ours.count_params(), build("resnet_unet", placement=placement).count_params())
    assert counted == parameters
    assert round(100 * counted[0] / counted[1], 1) == ratio


def test_a_residual_block_adds_what_its_convolutions_make_of_its_input():
    model = build("resnet_unet", filters=2, input_shape=(16, 16, 3), residual_blocks=[1, 0, 0, 0])
    names = ("stage2_conv2", "stage2_residual1_conv1", "stage2_residual1_conv2", "stage2_residual1")
    before, first, second, after = keras.Model(model.input, [model.get_layer(name).output for name in names])(
        images(1)[:, :16, :16]
    )
    np.testing.assert_allclose(after, before + second, atol=1e-6)
    np.testing.assert_allclose(first, np.maximum(np.asarray(model.get_layer(names[1])(before)), 0), atol=1e-6)


def test_the_ode_block_of_the_encoder_is_on_the_skip_connection_too():
    model = build("ode_unet", position=2, filters=2)
    skip, _ = model.get_layer("stage8_concat").input
    assert skip._keras_history.operation.name == "stage2_ode"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("unett", {}, "unknown network 'unett': choose one of unet"),
        ("ode_unet", {"postion": 5}, "network ode_unet has no argument 'postion': it has position, input_shape"),
        ("ode_unet", {"position": 10}, "position 10 is not one of the nine positions"),
        ("ode_unet", {}, "position"),
        ("nodes_unet", {"positions": [4, 5]}, r"positions \[4, 5\] and tolerances .* must be as many, all different"),
        ("nodes_unet", {"placement": "before"}, "placement 'before' is unknown: choose from after, instead"),
        ("resnet_unet", {"residual_blocks": [3, 4, 6]}, r"residual_blocks \[3, 4, 6\] must be four numbers"),
        ("unet", {"width": 3}, "width"),
        ("unet", {"input_shape": (100, 100, 3)}, "multiples of 16"),
    ],
)
def test_impossible_networks_are_refused_by_name(name, arguments, message):
    with pytest.raises(InputError, match=message):
        build(name, **arguments)


def test_arguments_of_a_network_are_those_of_its_function():
    assert arguments_of("unet") == ("input_shape", "classes", "filters", "dropout")
    assert "tolerance" in arguments_of("ode_unet")


def test_module_of_names_where_a_network_is_defined():
    assert module_of("unet") == "nodes_unet.models.unet"
