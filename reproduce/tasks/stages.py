"""Rows that are stages of EfficientNet-B0 as an encoder: what the built network has there, without images."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import keras

from nodes_unet.devices import describe, devices
from nodes_unet.models import build
from reproduce.progress import Progress
from reproduce.recipe import Recipe
from reproduce.records import RunIdentity
from reproduce.request import Request
from reproduce.table import Row

# by stage, the convolution that its layers have one of each; MBConv blocks are known by their depthwise one
_LAYERS = {1: "stem_conv", **{stage: rf"block{stage - 1}[a-z]_dwconv" for stage in range(2, 9)}, 9: "top_conv"}


def modules(recipe: Recipe) -> list[str]:
    """The modules that a result depends on."""
    return ["reproduce.tasks.stages"]


def arguments(row: Row, settings: Mapping, dataset: None) -> dict:
    """Arguments of the network that the stage belongs to."""
    return {"input_shape": [*settings["image_size"], 3], **row.arguments}


def perform(request: Request, identity: RunIdentity, dataset: None, folder: Path, progress: Progress) -> dict:
    """Builds the network and returns what the record says of the row's stage."""
    model = _built(identity.network, json.dumps(identity.arguments))
    return {
        "metrics": _stage(model, int(identity.row.split()[0])),
        "timings": {"machine": describe(devices(request.number_of_devices))},
    }


@lru_cache(1)
def _built(network: str, arguments: str) -> keras.Model:
    """The network that all stages are of."""
    keras.backend.clear_session()
    return build(network, **json.loads(arguments))


def _stage(model: keras.Model, number: int) -> dict[str, int]:
    """Layers, width in pixels of what comes in, and kernel size."""
    convolutions = [layer for layer in model.layers if re.fullmatch(_LAYERS[number], layer.name)]
    first = convolutions[0]
    into = re.sub("dwconv", "expand_conv", first.name)
    entrance = model.get_layer(into) if any(layer.name == into for layer in model.layers) else first
    return {"layers": len(convolutions), "size": entrance.input.shape[2], "kernel": first.kernel_size[0]}
