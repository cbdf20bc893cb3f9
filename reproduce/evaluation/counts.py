"""Cells counted: by the count head, and by what can be read off the segmentation (Li et al. 2021, section 5)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from nodes_unet.count_training import train_counts
from nodes_unet.counting import basin_areas, component_areas, tuned
from nodes_unet.counting import count as count_areas
from nodes_unet.data.store import Dataset
from nodes_unet.files import BEST
from nodes_unet.inference import outputs, segment
from reproduce.evaluation.count_errors import METHODS
from reproduce.training import preprocessing, sides

HEAD = "counts.h5"


def has_counts(dataset: Dataset) -> bool:
    """Whether a dataset knows the counts of the images of all of its splits."""
    return all(split.counts is not None for split in dataset.splits.values())


def count(
    model: keras.Model,
    dataset: Dataset,
    settings: Mapping,
    predictions: Sequence[np.ndarray],
    folder: Path,
    seed: int,
) -> tuple[pd.DataFrame, dict[str, dict]]:
    """Counts the cells of the test images in four ways.

    The head's penalties are chosen by leaving one image of the training split out; what is read off the segmentation,
    which fits the images that it was trained on, is chosen on the validation images.

    Args:
        model: the trained segmentation network, whose checkpoint is in `folder`.
        dataset: with counts.
        settings: the recipe's values.
        predictions: (H, W) uint8 classes of each test image.
        folder: the run's; gets the checkpoint of the count head.
        seed: the run's, which decided the validation images.

    Returns:
        A line an image and class: `id`, `class`, `truth` and a column a method of `METHODS`; and the chosen arguments
        by method and class.

    Raises:
        SolverError: a solve of an ODE-block failed.
    """
    train, test, prepared = dataset.splits["train"], dataset.splits["test"], preprocessing(settings)
    inputs = (prepared(sample.image) for sample in train)
    head, penalties = train_counts(folder / BEST, inputs, train.counts, settings["count_penalties"], folder / HEAD)
    _, validation = sides(dataset, 1, settings["validation_fraction"], settings["validation_split"], seed)
    numbers = validation.items[:, 0]
    held_out = [segment(model, prepared, validation.split[number].image) for number in numbers]
    known = _Known(held_out, validation.split.counts[numbers], dataset.classes, settings["count_min_area"])
    distances = [{"min_distance": distance} for distance in settings["count_min_distance"]]
    components, chosen_components = _read_off(component_areas, [{}], known, predictions)
    basins, chosen_basins = _read_off(basin_areas, distances, known, predictions)
    by_method = {
        "head": np.concatenate([outputs(head, prepared(sample.image)[None]) for sample in test]),
        "components": components,
        "watershed": basins,
        "training_mean": np.tile(train.counts.mean(axis=0), (len(test), 1)),
    }
    lines = [
        pd.DataFrame({"id": test.ids, "class": name, "truth": test.counts[:, number]}).assign(
            **{method: by_method[method][:, number] for method in METHODS}
        )
        for number, name in enumerate(dataset.classes[1:])
    ]
    chosen = {
        "head": {name: {"penalty": penalty} for name, penalty in zip(dataset.classes[1:], penalties, strict=True)},
        "components": chosen_components,
        "watershed": chosen_basins,
    }
    return pd.concat(lines, ignore_index=True), chosen


class _Known(NamedTuple):
    """Validation images to choose on: segmentations, counts (n, classes - 1), class names, smallest areas."""

    segmentations: list[np.ndarray]
    counts: np.ndarray
    classes: Sequence[str]
    min_areas: Sequence[int]


def _read_off(areas_of: Callable, options: Sequence[Mapping], known: _Known, predictions: Sequence[np.ndarray]):
    """Counts (n, classes - 1) in predictions, and the arguments chosen for each class."""
    counts, chosen = [], {}
    for label, name in enumerate(known.classes[1:], 1):
        regions = [labels == label for labels in known.segmentations]
        option, min_area = tuned(areas_of, regions, known.counts[:, label - 1], known.min_areas, options)
        counts.append([count_areas(areas_of(labels == label, **option), min_area) for labels in predictions])
        chosen[name] = {"min_area": min_area, **option}
    return np.transpose(counts), chosen
