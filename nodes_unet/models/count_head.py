"""Cell counts from a segmentation network: the "next research plan" of Li et al. 2021 (section 5)."""

from collections.abc import Mapping

import keras
from keras import layers

from nodes_unet.models.mirror import Mirror
from nodes_unet.models.registry import build

SCALES = (5, 6, 7, 8, 9)  # stages of the U-Net from the bottom up


def count_head(network: str, arguments: Mapping, counted: int) -> keras.Model:
    """A U-Net of Li et al. with a regression of counts on the scales of its way up.

    Section 5: "perform convolution with a 1x1 convolution kernel for each scale [...] multiscale fusion of all outputs,
    connect them to the fully connected layer, and do linear regression". No activation is named, and there is none
    here: each scale's 1x1 convolution has a channel for each kind of object, what is fused are the means of these over
    the image, and the fully connected layer is the regression. As a linear map and a mean can change places, means are
    taken first. A smear has no top and no left: means are those of the image and of its mirror images.

    Args:
        network, arguments: of `build`; a network of the U-Net family.
        counted: kinds of objects.

    Returns:
        A model from (B, H, W, channels) to counts (B, counted) float32; its layer `scales` is a model of the means, its
        layer `regression` one from these to counts.
    """
    trunk = build(network, **arguments)
    image = keras.Input(trunk.input_shape[1:], name="image")
    scales = scales_of(trunk)
    means = [
        keras.Input(mean.shape[1:], name=f"mean{stage}") for stage, mean in zip(SCALES, scales.outputs, strict=True)
    ]
    mapped = [
        layers.Dense(counted, use_bias=False, name=f"scale{stage}")(mean)
        for stage, mean in zip(SCALES, means, strict=True)
    ]
    fused = layers.Concatenate(name="fusion")(mapped)
    counts = layers.Dense(counted, dtype="float32", name="fully_connected")(fused)
    regression = keras.Model(means, counts, name="regression")
    return keras.Model(image, regression(scales(image)))


def scales_of(trunk: keras.Model) -> keras.Model:
    """The mean of every scale of a U-Net's way up, over the image and its three mirror images: five (B, channels)."""
    ends = [trunk.get_layer(f"stage{stage + 1}_upsample").input for stage in SCALES[:-1]]
    ends.append(trunk.get_layer("probabilities").input)
    means = keras.Model(trunk.input, [layers.GlobalAveragePooling2D()(end) for end in ends], name="means")
    image = keras.Input(trunk.input_shape[1:], name="image")
    seen = [means(view) for view in (image, *(Mirror(axes)(image) for axes in ([1], [2], [1, 2])))]
    return keras.Model(image, [layers.Average()(mean) for mean in zip(*seen, strict=True)], name="scales")
