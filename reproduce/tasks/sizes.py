"""Rows whose networks are built and measured as they are: sizes need no images and no training."""

from collections.abc import Mapping
from pathlib import Path

import keras

from nodes_unet.devices import describe, devices
from nodes_unet.models import arguments_of, build
from nodes_unet.profiling import parameter_bytes, parameters
from reproduce.progress import Progress
from reproduce.recipe import Recipe
from reproduce.records import RunIdentity
from reproduce.request import Request
from reproduce.table import Row


def modules(recipe: Recipe) -> list[str]:
    """The modules that a result depends on."""
    return ["nodes_unet.profiling"]


def arguments(row: Row, settings: Mapping, dataset: None) -> dict:
    """Arguments of a row's network: its own, and the settings that the network has an argument for."""
    return {name: settings[name] for name in arguments_of(row.network) if name in settings} | dict(row.arguments)


def perform(request: Request, identity: RunIdentity, dataset: None, folder: Path, progress: Progress) -> dict:
    """Builds a row's network and returns what the record says of it."""
    keras.backend.clear_session()
    model = build(identity.network, **identity.arguments)
    return {
        "metrics": {"parameters": parameters(model), "parameter_bytes": parameter_bytes(model)},
        "timings": {"machine": describe(devices(request.number_of_devices))},
    }
