"""The count head: sizes, and the 1x1 convolutions of the paper's words over an image and its mirror images."""

import keras
import numpy as np
import pytest
from keras import ops

from nodes_unet import build
from nodes_unet.models.count_head import SCALES

TRUNK = {"input_shape": [32, 48, 3], "classes": 3, "filters": 2}


@pytest.mark.parametrize(
    ("network", "own"),
    [
        ("unet", {}),
        ("ode_unet", {"position": 9}),
        ("nodes_unet", {}),
        ("resnet_unet", {"residual_blocks": [1, 1, 0, 1]}),
    ],
)
def test_counts_of_every_network_of_the_family(network, own):
    model = build("count_head", network=network, arguments=TRUNK | own, counted=2)
    assert model.output_shape == (None, 2)
    assert [mean.shape[-1] for mean in model.get_layer("scales").outputs] == [32, 16, 8, 4, 2]


def test_a_mean_of_1x1_convolutions_is_what_is_fused():
    model = build("count_head", network="unet", arguments=TRUNK, counted=2)
    scales, regression = model.get_layer("scales"), model.get_layer("regression")
    means = scales.get_layer("means")
    ends = keras.Model(means.input, [mean._keras_history.operation.input for mean in means.outputs])
    image = np.random.default_rng(0).random((2, 32, 48, 3), np.float32)
    views = np.concatenate([image, image[:, ::-1], image[:, :, ::-1], image[:, ::-1, ::-1]])
    convolved = []
    for stage, end in zip(SCALES, ends(views), strict=True):
        (kernel,) = regression.get_layer(f"scale{stage}").get_weights()
        convolution = keras.layers.Conv2D(2, 1, use_bias=False)
        convolution.build(end.shape)
        convolution.set_weights([kernel[None, None]])
        convolved.append(ops.mean(ops.reshape(convolution(end), (4, 2, -1, 2)), axis=(0, 2)))
    counts = regression.get_layer("fully_connected")(ops.concatenate(convolved, axis=-1))
    np.testing.assert_allclose(counts, model(image), rtol=1e-4, atol=1e-6)
