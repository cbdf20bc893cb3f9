"""Rows that are trained to segment cells on crops and evaluated by the objects they find in whole images."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import keras
import pandas as pd

from nodes_unet import checkpoint, profiling
from nodes_unet.checkpoint import Description
from nodes_unet.data.batches import Batches
from nodes_unet.data.store import Dataset
from nodes_unet.files import BEST, HISTORY, write_text
from reproduce import crop_training
from reproduce.crop_training import divided, measured_lengths, separation
from reproduce.evaluation.counting import chosen_threshold, evaluate_objects, metrics_of_labels
from reproduce.evaluation.course import best_epoch
from reproduce.evaluation.found import write_objects
from reproduce.evaluation.segmentation import input_statistics
from reproduce.progress import Progress, callbacks
from reproduce.recipe import Recipe, values
from reproduce.records import OBJECTS, PER_IMAGE, THRESHOLDS, RunIdentity
from reproduce.request import Request
from reproduce.table import Row
from reproduce.timings import timings
from reproduce.training import network_arguments, preprocessing, train_row


def modules(_: Recipe) -> list[str]:
    """The modules that a result depends on."""
    return ["reproduce.crop_training", "reproduce.evaluation.counting", "reproduce.evaluation.segmentation"]


def arguments(row: Row, settings: Mapping, dataset: Dataset) -> dict:
    """Arguments of a row's network, which has one channel: of cells."""
    return network_arguments(row.network, row.arguments, settings, dataset.classes[1:])


def batches(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Batches, Batches]:
    """Training and validation batches as the recipe derives them from a dataset.

    Raises:
        InputError: the training images cannot be divided, or show no cell.
    """
    learning, held_out = divided(dataset, settings, seed)
    return crop_training.batches(learning, held_out, settings, measured_lengths(learning, settings), seed)


def perform(request: Request, identity: RunIdentity, dataset: Dataset, folder: Path, progress: Progress) -> dict:
    """Trains a row, chooses its threshold, evaluates it, leaves its files in the folder; what the record says of it."""
    keras.backend.clear_session()
    settings = values(identity.recipe)
    learning, held_out = divided(dataset, settings, identity.seed)
    of = measured_lengths(learning, settings)
    description = Description(identity.network, identity.arguments, dataset.classes, preprocessing(settings))
    model, val_loss = train_row(
        description,
        *crop_training.batches(learning, held_out, settings, of, identity.seed),
        settings,
        folder,
        seed=identity.seed,
        number_of_devices=request.number_of_devices,
        callbacks=callbacks(request, folder, progress),
    )
    began = time.perf_counter()
    described = checkpoint.read_description(folder / BEST)
    chosen_on = {"train": learning, "val": held_out}[settings["threshold_images"]]
    threshold, curve = chosen_threshold(model, described, chosen_on, settings, of)
    described = replace(described, thresholds={dataset.classes[1]: threshold}, post_processing=dict(of.cleaning))
    checkpoint.save(model, described, folder / BEST)
    write_text(folder / THRESHOLDS, curve.to_csv(index=False))
    test = dataset.splits["test"]
    evaluation = evaluate_objects(model, described, test, of.radius)
    write_objects(folder / OBJECTS, test, evaluation.found)
    write_text(folder / PER_IMAGE, evaluation.per_image.to_csv(index=False))
    history = pd.read_csv(folder / HISTORY)
    measured = {
        **evaluation.metrics,
        **metrics_of_labels(test, of.cleaning, of.radius, separation(settings)),
        "parameters": profiling.parameters(model),
        "best_epoch": best_epoch(history),
        "val_loss.recomputed": val_loss,
    }
    return {
        "metrics": {name: None if value != value else value for name, value in measured.items()},
        "inputs": input_statistics(described.preprocessing, test),
        "lengths": {"cell_radius": of.cell_radius, "scale": of.scale, "match_radius": of.radius, **of.cleaning},
        "timings": timings(request, history, began),
    }
