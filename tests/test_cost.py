"""Operations by hand, against the published networks' true counts, and against arithmetic on the layers."""

import keras
import pytest
import tensorflow as tf
from tensorflow.python.profiler.model_analyzer import profile
from tensorflow.python.profiler.option_builder import ProfileOptionBuilder

from nodes_unet import build
from nodes_unet.cost import flops, initialiser_flops, stored_bytes


def test_a_convolution_by_hand():
    image = keras.Input((8, 10, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(image))
    assert flops(model) == 2 * (3 * 3 * 3) * 4 * 8 * 10


@pytest.fixture(scope="module")
def linknet():
    return build("attention_linknet", attention=False)


@pytest.mark.parametrize(
    ("network", "encoder", "million"),
    [("attention_unet", "resnet50", 21_310), ("attention_unet", "efficientnetb0", 9_440)],
)
def test_the_true_counts_of_the_published_networks(network, encoder, million):
    assert flops(build(network, encoder=encoder, attention=False)) / 1e6 == pytest.approx(million, rel=0.01)


def test_the_convolutions_are_nearly_all_of_it(linknet):
    counted = flops(linknet)
    assert counted / 1e6 == pytest.approx(4_080, rel=0.01)
    convolutions = 0
    for layer in linknet.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            *_, height, width, channels = layer.output.shape
            convolutions += (
                2
                * layer.kernel.shape[0] ** 2
                * height
                * width
                * channels
                * (1 if isinstance(layer, keras.layers.DepthwiseConv2D) else layer.kernel.shape[2])
            )
    assert 0.95 * counted < convolutions < counted


@pytest.mark.parametrize(
    ("network", "arguments"), [("unet", {"input_shape": (None, None, 3)}), ("ode_unet", {"position": 5})]
)
def test_networks_whose_operations_would_be_left_out_are_refused(network, arguments):
    with pytest.raises(ValueError, match="a fixed input_shape and without ODE-blocks"):
        flops(build(network, filters=2, **{"input_shape": (32, 32, 3), **arguments}))


def test_an_image_costs_what_it_costs_whatever_its_batch():
    for shape, batch in (((32, 32, 3), None), ((64, 64, 3), None), ((32, 32, 3), 4)):
        image = keras.Input(shape, batch_size=batch)
        model = keras.Model(image, keras.layers.Conv2D(2, 1, use_bias=False)(image))
        assert flops(model) == 2 * 3 * 2 * shape[0] * shape[1]


def test_a_file_with_adams_moments_is_three_times_as_large(linknet):
    linknet.compile("adam")
    linknet.optimizer.build(linknet.trainable_variables)
    bare, full = stored_bytes(linknet, with_optimizer=False), stored_bytes(linknet, with_optimizer=True)
    weights = 4 * linknet.count_params()
    assert weights < bare < 1.1 * weights
    assert 2.8 * bare < full < 3.1 * bare


@pytest.mark.parametrize(
    "initialiser", [tf.compat.v1.glorot_uniform_initializer, tf.compat.v1.truncated_normal_initializer]
)
def test_two_operations_a_kernel_weight_are_what_the_profiler_sees_of_an_unknown_batch(initialiser):
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, keras.layers.Conv2D(8, 3)(image))
    with tf.Graph().as_default() as graph:
        tf.compat.v1.set_random_seed(0)  # required where an earlier test has made operations deterministic
        images = tf.compat.v1.placeholder(tf.float32, (None, 16, 16, 3))
        kernel = tf.compat.v1.get_variable("kernel", (3, 3, 3, 8), initializer=initialiser())
        tf.nn.conv2d(images, kernel, 1, "VALID")
        options = ProfileOptionBuilder.float_operation() | {"output": "none"}
        counted = profile(graph, options=options).total_float_ops
    assert initialiser_flops(model) == 2 * 3 * 3 * 3 * 8
    assert initialiser_flops(model) <= counted <= initialiser_flops(model) + 1
