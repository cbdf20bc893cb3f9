"""Encoders of segmentation-models (Iakubovskii 2019), by its names, as networks of plain Keras layers."""

import contextlib
import io
import os
from functools import cache

import keras
import numpy as np

from nodes_unet.data.preprocessing import SCALINGS
from nodes_unet.errors import InputError
from nodes_unet.models.encoder_layers import Channels, ScaledSum


def encoder(name: str, input_shape: tuple[int | None, int | None, int], weights: str | None = None):
    """An encoder without its head, and the names of the layers that the decoder takes.

    Layers of the library's own kinds and its anonymous functions become layers of Keras or of this package of the same
    function, so that a checkpoint opens without it.

    Args:
        name: as segmentation-models names it, such as `efficientnetb0` or `resnet50`.
        input_shape: (H, W, 3), H and W multiples of 32 or None.
        weights: None, `"imagenet"` (downloaded by the library) or a weights file.

    Returns:
        The encoder, and four names of layers, from 1/16 to 1/2 of the image's size.

    Raises:
        InputError: the name is unknown, or the weights cannot be had.
        ValueError: the encoder does not take images so small.
    """
    factory, (library, _) = _known(name), _library()
    build = library.inject_global_submodules(factory.get_backbone)
    try:
        original = build(name, input_shape=tuple(input_shape), weights=weights, include_top=False)
    except Exception as error:  # Keras' download raises no narrower one
        if weights is None:
            raise
        raise InputError(
            f"weights {weights!r} of {name} cannot be had ({error}): take None or a local file, or go online"
        ) from error
    places = [original.get_layer(**_place(place)).name for place in factory.get_feature_layers(name, n=4)]
    return plain(original), places


def plain(model: keras.Model) -> keras.Model:
    """A copy of a network of the library with layers of Keras and of this package only."""
    copy = keras.models.clone_model(model, clone_function=_plain_layer, call_function=_call)
    copy.set_weights(model.get_weights())
    return copy


def scaling(name: str) -> str:
    """The scaling, of `nodes_unet.data.preprocessing.SCALINGS`, with which an encoder was trained on ImageNet.

    Raises:
        InputError: the name is unknown.
    """
    probe = np.arange(48, dtype=np.float32).reshape(1, 4, 4, 3) * 5
    _known(name)
    theirs = _library()[0].get_preprocessing(name)(probe.copy())
    return next(mode for mode, scale in SCALINGS.items() if np.allclose(scale(probe), theirs, atol=1e-3))


def _known(name: str):
    """The library's factory, which has this encoder."""
    _, factory = _library()
    if name not in factory.models_names():
        raise InputError(f"encoder {name!r} is unknown: choose from {', '.join(sorted(factory.models_names()))}")
    return factory


@cache
def _library():
    os.environ["SM_FRAMEWORK"] = "tf.keras"
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints when imported
            import segmentation_models
            from segmentation_models.backbones.backbones_factory import Backbones
    except ImportError as error:
        raise InputError(
            f"networks on encoders are built with segmentation-models, which cannot be imported ({error}): install it, "
            "or open a checkpoint with keras.models.load_model"
        ) from error
    return segmentation_models, Backbones


def _place(place: str | int) -> dict:
    return {"name": place} if isinstance(place, str) else {"index": place}


_FUNCTIONS = {  # by name, what takes the place of an anonymous layer
    "expand_dims": lambda layer: keras.layers.Reshape((1, 1, layer.output.shape[-1]), name=layer.name),
    "slice_tensor": lambda layer: Channels(layer.arguments["start"], layer.arguments["stop"], name=layer.name),
    "<lambda>": lambda layer: ScaledSum(layer.arguments["scale"], name=layer.name),  # Inception-ResNet's
}


def _plain_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.layers.Lambda):
        return _FUNCTIONS[layer.function.__name__](layer)
    config = layer.get_config()
    if getattr(getattr(layer, "activation", None), "__name__", "") == "swish":
        config["activation"] = "silu"
    kind = keras.layers.Dropout if type(layer).__name__ == "FixedDropout" else type(layer)
    return kind.from_config(config)


def _call(layer: keras.layers.Layer, *args, mask=None, **kwargs):
    """Without the mask, always None, that anonymous layers take and others do not."""
    return layer(*args, **kwargs)
