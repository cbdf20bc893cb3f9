"""Rows that are trained to segment cells on crops and evaluated by the objects they find in whole images."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from nodes_unet import checkpoint, profiling
from nodes_unet.checkpoint import Description
from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.crops import Crops
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset, Split
from nodes_unet.files import BEST, HISTORY, write_text
from nodes_unet.weight_maps import weight_map
from reproduce.evaluation.counting import cell_probability, evaluate_objects
from reproduce.evaluation.objects import (
    ARTEFACT,
    Lengths,
    cell_radius,
    chosen,
    f1_by_threshold,
    lengths,
    scaled_weights,
)
from reproduce.evaluation.segmentation import input_statistics
from reproduce.figures.objects import write_objects
from reproduce.progress import Progress, callbacks
from reproduce.recipe import Recipe, values
from reproduce.records import OBJECTS, PER_IMAGE, THRESHOLDS, RunIdentity
from reproduce.request import Request
from reproduce.table import Row
from reproduce.timings import timings
from reproduce.training import network_arguments, preprocessing, sides, train_row


def modules(_: Recipe) -> list[str]:
    """The modules that a result depends on."""
    return ["reproduce.tasks.counting"]


def arguments(row: Row, settings: Mapping, dataset: Dataset) -> dict:
    """Arguments of a row's network, which has one channel: of cells."""
    return network_arguments(row.network, row.arguments, settings, dataset.classes[1:])


def perform(request: Request, identity: RunIdentity, dataset: Dataset, folder: Path, progress: Progress) -> dict:
    """Trains a row, chooses its threshold, evaluates it, leaves its files in the folder; what the record says of it."""
    keras.backend.clear_session()
    settings = values(identity.recipe)
    learning, held_out = _divided(dataset, settings, identity.seed)
    of = _lengths(learning, settings)
    description = Description(identity.network, identity.arguments, dataset.classes, preprocessing(settings))
    model, val_loss = train_row(
        description,
        *_both(learning, held_out, settings, of, identity.seed),
        settings,
        folder,
        seed=identity.seed,
        number_of_devices=request.number_of_devices,
        callbacks=callbacks(request, folder, progress),
    )
    began = time.perf_counter()
    described = checkpoint.read_description(folder / BEST)
    chosen_on = {"train": learning, "val": held_out}[settings["threshold_images"]]
    curve = f1_by_threshold(
        [cell_probability(model, described, sample.image) for sample in chosen_on],
        chosen_on,
        settings["thresholds"],
        settings["threshold_rule"],
        of,
    )
    threshold = chosen(curve, settings["threshold_by"])
    described = replace(described, thresholds={dataset.classes[1]: threshold})
    checkpoint.save(model, described, folder / BEST)
    write_text(folder / THRESHOLDS, curve.to_csv(index=False))
    test = dataset.splits["test"]
    evaluation = evaluate_objects(model, described, test, of)
    write_objects(folder / OBJECTS, test, evaluation.found)
    write_text(folder / PER_IMAGE, evaluation.per_image.to_csv(index=False))
    history = pd.read_csv(folder / HISTORY)
    measured = {
        **evaluation.metrics,
        "parameters": profiling.parameters(model),
        "best_epoch": int(history["val_loss"].idxmin()) + 1,
        "val_loss.recomputed": val_loss,
    }
    return {
        "metrics": {name: None if value != value else value for name, value in measured.items()},
        "inputs": input_statistics(described.preprocessing, test),
        "lengths": {"cell_radius": of.cell_radius, "scale": of.scale, "match_radius": of.radius, **of.cleaning},
        "timings": timings(request, history, began),
    }


def batches(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Batches, Batches]:
    """Training and validation batches as the recipe derives them from a dataset.

    Raises:
        InputError: the training images cannot be divided, or show no cell.
    """
    learning, held_out = _divided(dataset, settings, seed)
    return _both(learning, held_out, settings, _lengths(learning, settings), seed)


def _both(learning: Split, held_out: Split, settings: Mapping, of: Lengths, seed: int) -> tuple[Batches, Batches]:
    copies = dict(settings["copies"])
    if settings["artefact_copies"]:
        copies[ARTEFACT] = settings["artefact_copies"]
    return _batches(learning, settings, of, seed, copies), _batches(held_out, settings, of, None, {"": 1})


def _lengths(learning: Split, settings: Mapping) -> Lengths:
    return lengths(settings, cell_radius(learning.mask(number) for number in range(len(learning))))


def _divided(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Split, Split]:
    """Images to learn from and to validate on: the dataset's own, or its training images divided by groups."""
    both = sides(dataset, 1, settings["validation_fraction"], settings["validation_split"], seed)
    return tuple(side.split.of(side.items[:, 0]) for side in both)


def _batches(split: Split, settings: Mapping, of: Lengths, seed: int | None, copies: Mapping[str, int]) -> Batches:
    crops = Crops(split, settings["crop_cell"], settings["crop_size"])
    numbers = [copies.get(kind, copies[""]) for kind in crops.kinds]
    return Batches(
        crops,
        all_copies(range(len(crops)), numbers),
        settings["batch_size"],
        preprocessing(settings),
        Augmenter(Augmentation(**settings["augmentation"]), seed or 0),
        seed,
        weights=_weights(settings, of),
    )


def _weights(settings: Mapping, of: Lengths) -> Callable[[np.ndarray], np.ndarray]:
    """Weight maps as the recipe has them; without, the factors of cells and background alone."""
    options = settings["weight_map"]
    if settings["weight_maps"]:
        return partial(weight_map, **scaled_weights(options, of.scale))
    cell, background = options["cell_weight"], options["background_weight"]
    return lambda mask: np.where(mask > 0, cell, background).astype(np.float32)
