"""Rows that are trained to segment, and evaluated on the test images."""

import time
from collections.abc import Mapping
from pathlib import Path

import keras
import pandas as pd

from nodes_unet.checkpoint import Description
from nodes_unet.data.store import Dataset
from nodes_unet.files import HISTORY, write_text
from reproduce.evaluation.attention_maps import write_attention
from reproduce.evaluation.costs import costs
from reproduce.evaluation.count_errors import count_metrics
from reproduce.evaluation.counts import count, has_counts
from reproduce.evaluation.course import best_epoch, course
from reproduce.evaluation.predictions import write_predictions
from reproduce.evaluation.segmentation import evaluate
from reproduce.evaluation.solver_health import by_epoch
from reproduce.progress import Progress, callbacks
from reproduce.recipe import Recipe, values
from reproduce.records import ATTENTION, COUNTS, PER_IMAGE, PREDICTIONS, ROBUSTNESS, RunIdentity
from reproduce.request import Request
from reproduce.table import Row
from reproduce.timings import timings
from reproduce.training import batches, network_arguments, preprocessing, target, train_row

__all__ = ["arguments", "batches", "modules", "perform"]


def modules(recipe: Recipe) -> list[str]:
    """The modules that a result depends on."""
    of_settings = {
        "count_penalties": "reproduce.evaluation.counts",
        "early_stopping": "reproduce.evaluation.course",
        "flops_size": "reproduce.evaluation.costs",
    }
    used = [module for setting, module in of_settings.items() if setting in recipe]
    return ["reproduce.evaluation.segmentation", *used]


def arguments(row: Row, settings: Mapping, dataset: Dataset) -> dict:
    """Arguments of a row's network."""
    return network_arguments(row.network, row.arguments, settings, dataset.classes)


def perform(request: Request, identity: RunIdentity, dataset: Dataset, folder: Path, progress: Progress) -> dict:
    """Trains and evaluates a row, leaves its files in the folder and returns what the record says of it."""
    keras.backend.clear_session()
    settings = values(identity.recipe)
    thresholds = {dataset.classes[1]: settings["threshold"]} if "threshold" in settings else {}
    description = Description(
        identity.network, identity.arguments, dataset.classes, preprocessing(settings), thresholds
    )
    model, val_loss = train_row(
        description,
        *batches(dataset, settings, identity.seed),
        settings,
        folder,
        seed=identity.seed,
        number_of_devices=request.number_of_devices,
        callbacks=callbacks(request, folder, progress),
    )
    began = time.perf_counter()
    evaluation = evaluate(model, dataset.splits["test"], dataset.classes, settings)
    for name, table in {PER_IMAGE: evaluation.per_image, ROBUSTNESS: evaluation.robustness}.items():
        if table is not None:
            write_text(folder / name, table.to_csv(index=False))
    test = dataset.splits["test"]
    write_predictions(folder / PREDICTIONS, test, preprocessing(settings), target(settings), evaluation.predictions)
    write_attention(folder / ATTENTION, model, preprocessing(settings), test)
    history = pd.read_csv(folder / HISTORY)
    counting, count_errors = {}, {}
    if "count_penalties" in settings and has_counts(dataset):
        counts, counting = count(model, dataset, settings, evaluation.predictions, folder, identity.seed)
        write_text(folder / COUNTS, counts.to_csv(index=False))
        count_errors = count_metrics(counts)
    best = {"best_epoch": best_epoch(history), "val_loss.recomputed": val_loss}
    costing = costs(identity.network, identity.arguments, settings)
    measured = evaluation.metrics | count_errors | best | course(history, settings) | costing
    return {
        "metrics": {name: None if value != value else value for name, value in measured.items()},
        "inputs": evaluation.inputs,
        "solver": {
            block: {**on_test_images, "training": by_epoch(history, block)}
            for block, on_test_images in evaluation.solver.items()
        },
        "counting": counting,
        "timings": timings(request, history, began),
    }
