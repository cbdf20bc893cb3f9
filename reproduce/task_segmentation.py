"""Rows that are trained to segment, and evaluated on the test images."""

import time
from collections.abc import Mapping
from pathlib import Path

import keras
import pandas as pd

from nodes_unet.checkpoint import Description
from nodes_unet.data.store import Dataset
from nodes_unet.devices import describe, devices
from nodes_unet.files import write_text
from nodes_unet.profiling import peak_memory
from nodes_unet.training import HISTORY
from reproduce.counts import count, has_counts
from reproduce.pictures import write_predictions
from reproduce.progress import Progress
from reproduce.recipe import Recipe, values
from reproduce.records import COUNTS, PER_IMAGE, PREDICTIONS, ROBUSTNESS, RunIdentity
from reproduce.request import Request
from reproduce.segmentation import evaluate, network_arguments, preprocessing, train_row
from reproduce.solver_health import by_epoch
from reproduce.table import Row

TENSORBOARD = "tensorboard"


def modules(recipe: Recipe) -> list[str]:
    """The modules that a result depends on."""
    return ["reproduce.segmentation", *(["reproduce.counts"] if "count_head" in recipe else [])]


def arguments(row: Row, settings: Mapping, dataset: Dataset) -> dict:
    """Arguments of a row's network."""
    return network_arguments(row.network, row.arguments, settings, dataset.classes)


def perform(request: Request, identity: RunIdentity, dataset: Dataset, folder: Path, progress: Progress) -> dict:
    """Trains and evaluates a row, leaves its files in the folder and returns what the record says of it."""
    keras.backend.clear_session()
    settings = values(identity.recipe)
    description = Description(identity.network, identity.arguments, dataset.classes, preprocessing(settings))
    model = train_row(
        description,
        dataset,
        settings,
        folder,
        seed=identity.seed,
        number_of_devices=request.number_of_devices,
        callbacks=_callbacks(request, folder, progress),
    )
    began = time.perf_counter()
    evaluation = evaluate(model, dataset.splits["test"], dataset.classes, settings)
    for name, table in {PER_IMAGE: evaluation.per_image, ROBUSTNESS: evaluation.robustness}.items():
        if table is not None:
            write_text(folder / name, table.to_csv(index=False))
    write_predictions(folder / PREDICTIONS, dataset.splits["test"], preprocessing(settings), evaluation.predictions)
    history = pd.read_csv(folder / HISTORY)
    counting = {}
    if "count_head" in settings and has_counts(dataset):
        counts, counting = count(model, dataset, settings, evaluation.predictions, folder, identity.seed)
        write_text(folder / COUNTS, counts.to_csv(index=False))
    return {
        "metrics": {name: None if value != value else value for name, value in evaluation.metrics.items()},
        "solver": {
            block: {**on_test_images, "training": by_epoch(history, block)}
            for block, on_test_images in evaluation.solver.items()
        },
        "counting": counting,
        "timings": {
            "training_seconds": float(history["seconds"].sum()),
            "evaluation_seconds": time.perf_counter() - began,
            "process_peak_memory_bytes": peak_memory(),
            "machine": describe(devices(request.number_of_devices)),
        },
    }


def _callbacks(request: Request, folder: Path, progress: Progress) -> list[keras.callbacks.Callback]:
    following = [progress.callback()]
    return [*following, keras.callbacks.TensorBoard(folder / TENSORBOARD)] if request.tensorboard else following
