"""U-Net and LinkNet with attention gates on an encoder of segmentation-models (Abbas & Abdulmunim 2023, section 3)."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from nodes_unet.models.encoders import encoder as named_encoder
from nodes_unet.models.normalisation import set_momentum
from nodes_unet.models.padding import any_size

FILTERS = (256, 128, 64, 32, 16)


def attention_unet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 1,
    encoder: str = "efficientnetb0",
    encoder_weights: str | None = None,
    attention: bool = True,
    batch_norm_momentum: float = 0.99,
) -> keras.Model:
    """U-Net with a gate on each of its four skip connections (section 3.4, Figure 2).

    Without gates it is segmentation-models' `Unet` of this encoder: 10,115,501 parameters with EfficientNet-B0, 10.12
    million where the paper's Table 3 has 10.15; with gates 10,863,357.

    Args:
        input_shape: (H, W, 3), H and W multiples of 32; or None, for images of any size: what is missing to multiples
            of 32 is mirrored inside and cut off again.
        classes: channels of the softmax; 1 gives a sigmoid.
        encoder, encoder_weights: as for `encoders.encoder`.
        attention: whether there are gates.
        batch_norm_momentum: how much of the moving averages of batch normalisation each training step keeps; 0.99 is
            that of Keras and of segmentation-models.

    Returns:
        A model from (B, H, W, 3) to class probabilities (B, H, W, classes), float32.

    Raises:
        InputError: encoder or weights cannot be had.
        ValueError: H or W is no multiple of 32.
    """
    return _network(_unet_stage, input_shape, classes, encoder, encoder_weights, attention, batch_norm_momentum)


def attention_linknet(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    classes: int = 1,
    encoder: str = "efficientnetb0",
    encoder_weights: str | None = None,
    attention: bool = True,
    batch_norm_momentum: float = 0.99,
) -> keras.Model:
    """LinkNet, which adds where the U-Net concatenates (section 3.5), with a gate on each of its skip connections.

    Arguments, returns and errors as for `attention_unet`.
    """
    return _network(_linknet_stage, input_shape, classes, encoder, encoder_weights, attention, batch_norm_momentum)


def _network(
    stage: Callable, input_shape, classes: int, encoder: str, weights, attention: bool, momentum: float
) -> keras.Model:
    for size in input_shape[:2]:
        if size is not None and size % 32:
            raise ValueError(f"input_shape {tuple(input_shape)}: height and width must be multiples of 32")
    backbone, places = named_encoder(encoder, input_shape, weights)
    x, skips = backbone.output, [backbone.get_layer(place).output for place in places]
    if isinstance(backbone.layers[-1], layers.MaxPooling2D):  # VGG's; as the library has it
        x = _convolved(_convolved(x, 512, 3, "center_block1"), 512, 3, "center_block2")
    for number, filters in enumerate(FILTERS):
        skip = skips[number] if number < len(skips) else None
        if attention and skip is not None:
            skip = gate(x, skip, f"gate{number}")
        x = stage(x, skip, filters, f"decoder_stage{number}")
    x = layers.Conv2D(classes, 3, padding="same", name="final_conv")(x)
    activation = "sigmoid" if classes == 1 else "softmax"
    model = keras.Model(backbone.input, layers.Activation(activation, dtype="float32", name="probabilities")(x))
    set_momentum(model, momentum)
    return any_size(model, 32) if None in input_shape else model


def gate(g, x, name: str):
    """The encoder's features x times the attention coefficients (section 3.4, Figure 5).

    1x1 convolutions of the decoder's g, from one level below, and of x, brought to the size of g; sum, ReLU, 1x1
    convolution, sigmoid, resampling to the size of x. The layer `<name>_alpha` gives the coefficients. That the inner
    width is half of x's, and that x is brought to g's size by the stride of its convolution, is assumed, after Oktay et
    al. 2018.
    """
    width = max(x.shape[-1] // 2, 1)
    from_g = _normalised(layers.Conv2D(width, 1, use_bias=False, name=f"{name}_g_conv")(g), f"{name}_g")
    from_x = _normalised(layers.Conv2D(width, 1, strides=2, use_bias=False, name=f"{name}_x_conv")(x), f"{name}_x")
    both = layers.Activation("relu", name=f"{name}_relu")(layers.Add(name=f"{name}_add")([from_g, from_x]))
    score = _normalised(layers.Conv2D(1, 1, use_bias=False, name=f"{name}_psi_conv")(both), f"{name}_psi")
    coefficients = layers.Activation("sigmoid", name=f"{name}_sigmoid")(score)
    alpha = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_alpha")(coefficients)
    return layers.Multiply(name=f"{name}_output")([x, alpha])


def gates(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers that give the attention coefficients, by name of the gate, from the coarsest to the finest."""
    layers_of = _inner(model).layers
    return {layer.name.removesuffix("_alpha"): layer for layer in layers_of if layer.name.endswith("_alpha")}


def attention_coefficients(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """The coefficients of each gate of a network that has some.

    Args:
        model: as `attention_unet` or `attention_linknet` returns it.
        images: (B, H, W, 3) float32, preprocessed, H and W multiples of 32.

    Returns:
        By name of the gate, (B, h, w) float32 between 0 and 1, h and w a sixteenth to a half of H and W.
    """
    outputs = {name: layer.output for name, layer in gates(model).items()}
    maps = keras.Model(_inner(model).input, outputs).predict(images, batch_size=1, verbose=0)
    return {name: coefficients[..., 0] for name, coefficients in maps.items()}


def _inner(model: keras.Model) -> keras.Model:
    """The network itself, which one for images of any size has inside."""
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), model)


def _normalised(x, name: str):
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def _convolved(x, filters: int, size: int, name: str):
    """Convolution, batch normalisation, ReLU."""
    x = layers.Conv2D(
        filters, size, padding="same", use_bias=False, kernel_initializer="he_uniform", name=f"{name}_conv"
    )(x)
    return layers.Activation("relu", name=f"{name}_relu")(_normalised(x, name))


def _unet_stage(x, skip, filters: int, name: str):
    x = layers.UpSampling2D(2, name=f"{name}_upsampling")(x)
    if skip is not None:
        x = layers.Concatenate(name=f"{name}_concat")([x, skip])
    return _convolved(_convolved(x, filters, 3, f"{name}a"), filters, 3, f"{name}b")


def _linknet_stage(x, skip, filters: int, name: str):
    inner = x.shape[-1] // 4
    x = _convolved(x, inner, 1, f"{name}a")
    x = layers.UpSampling2D(2, name=f"{name}_upsampling")(x)
    x = _convolved(x, inner, 3, f"{name}b")
    x = _convolved(x, filters if skip is None else skip.shape[-1], 1, f"{name}c")
    return x if skip is None else layers.Add(name=f"{name}_add")([x, skip])
