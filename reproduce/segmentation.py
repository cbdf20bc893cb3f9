"""How a row of a segmentation table is trained and evaluated: the one place where a recipe's settings gain effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from nodes_unet import checkpoint, metrics, profiling
from nodes_unet.checkpoint import Description
from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies, split_items
from nodes_unet.data.store import Dataset, Split
from nodes_unet.inference import seconds_for, segment
from nodes_unet.models.registry import arguments_of
from nodes_unet.ode import ode_blocks
from nodes_unet.training import BEST, Fitting, train
from reproduce.robustness import robustness


@dataclass(frozen=True)
class Evaluation:
    """Results on the test split.

    Attributes:
        metrics: by name.
        per_image: one line an image.
        solver: statistics by ODE-block.
        predictions: (H, W) uint8 classes of each image.
        robustness: as `reproduce.robustness.robustness` returns it, where the recipe has perturbations.
    """

    metrics: dict[str, float]
    per_image: pd.DataFrame
    solver: dict[str, dict[str, float]]
    predictions: list[np.ndarray]
    robustness: pd.DataFrame | None


def network_arguments(network: str, own: Mapping, settings: Mapping, classes: Sequence[str]) -> dict:
    """Arguments of a network: the row's own, and the recipe's settings that the network has an argument for."""
    shared = {name: settings[name] for name in arguments_of(network) if name in settings}
    return {**shared, **own, "input_shape": [*settings["image_size"], 3], "classes": len(classes)}


def preprocessing(settings: Mapping) -> Preprocessing:
    """The recipe's preprocessing."""
    return Preprocessing(tuple(settings["image_size"]), settings["clahe_clip"], settings["clahe_grid"])


def fitting(settings: Mapping) -> Fitting:
    """The recipe's fitting."""
    return Fitting(settings["epochs"], settings["loss"], settings["optimizer"], settings["learning_rate"])


class Side(NamedTuple):
    """Training or validation: where the images are, and which (n, 2) image and copy numbers of them."""

    split: Split
    items: np.ndarray


def sides(dataset: Dataset, copies: int, fraction: float, rule: str, seed: int) -> tuple[Side, Side]:
    """Training and validation: the dataset's own where it has both, else its training split divided by `split_items`.

    Raises:
        InputError: the training split cannot be divided so.
    """
    training = dataset.splits["train"]
    if "val" in dataset.splits:
        validation = dataset.splits["val"]
        return (
            Side(training, all_copies(range(len(training)), copies)),
            Side(validation, all_copies(range(len(validation)), 1)),
        )
    items, held_out = split_items(training.groups, copies, fraction, rule, seed)
    return Side(training, items), Side(training, held_out)


def batches(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Batches, Batches]:
    """Training and validation batches as the recipe derives them from a dataset.

    Raises:
        InputError: the training split cannot be divided as the recipe wants.
    """
    augmenter = Augmenter(Augmentation(**settings["augmentation"]), seed)
    training, validation = sides(
        dataset, settings["copies"], settings["validation_fraction"], settings["validation_split"], seed
    )
    shared = settings["batch_size"], preprocessing(settings), augmenter
    return Batches(*training, *shared, seed=seed), Batches(*validation, *shared)


def train_row(
    description: Description,
    dataset: Dataset,
    settings: Mapping,
    folder: Path,
    *,
    seed: int,
    number_of_devices: int | None,
    callbacks: Sequence[keras.callbacks.Callback],
) -> keras.Model:
    """Trains a row and returns the network with the best val_loss."""
    training, validation = batches(dataset, settings, seed)
    train(
        description,
        training,
        validation,
        fitting(settings),
        folder,
        seed=seed,
        number_of_devices=number_of_devices,
        callbacks=callbacks,
    )
    return checkpoint.load(folder / BEST)


def evaluate(model: keras.Model, split: Split, classes: Sequence[str], settings: Mapping) -> Evaluation:
    """Evaluates a network on a split; predictions are brought back to each mask's size before anything is counted."""
    prepared = preprocessing(settings)
    matrices, evaluations, predictions = [], [], []
    for sample in split:
        predicted = segment(model, prepared, sample.image)
        matrices.append(metrics.confusion_matrix(sample.mask, predicted, len(classes)))
        predictions.append(predicted)
        evaluations.append([block.nfe for block in ode_blocks(model)])
    per_image = pd.DataFrame([metrics.pooled(matrix, classes) for matrix in matrices])
    inputs = [prepared(split[number].image) for number in range(min(len(split), settings["timed_images"]))]
    seconds = seconds_for(model, inputs, settings["timed_images"], settings["timed_passes"])
    solver = _solver_statistics(model, np.array(evaluations))
    pooled, levels = metrics.pooled(sum(matrices), classes), settings.get("perturbations")
    return Evaluation(
        metrics={
            **_named(pooled, "pooled"),
            **_named(per_image.mean().to_dict(), "per_image"),
            f"seconds_{settings['timed_images']}.batch1": seconds,
            "seconds_per_image.batch1": seconds / settings["timed_images"],
            "parameters": profiling.parameters(model),
            "parameter_bytes": profiling.parameter_bytes(model),
            "nfe": sum(block["nfe_mean"] for block in solver.values()),
        },
        per_image=pd.concat([pd.DataFrame({"id": split.ids, "group": split.groups}), per_image], axis=1),
        solver=solver,
        predictions=predictions,
        robustness=levels and robustness(model, prepared, split, classes, levels, pooled),
    )


def _named(values: Mapping[str, float], pooling: str) -> dict[str, float]:
    """Names with protocol: `miou.pooled`, `miou.per_image`, `cpa_white.recall`, `cpa_white.recall_per_image`."""
    suffix = {"pooled": "", "per_image": "_per_image"}[pooling]
    return {name + suffix if "." in name else f"{name}.{pooling}": value for name, value in values.items()}


def _solver_statistics(model: keras.Model, nfe: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        block.name: {"nfe_mean": float(column.mean()), "nfe_min": int(column.min()), "nfe_max": int(column.max())}
        for block, column in zip(ode_blocks(model), nfe.T, strict=True)
    }
