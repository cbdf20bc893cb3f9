"""How a row is trained: where a recipe's settings gain effect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from nodes_unet import checkpoint
from nodes_unet.checkpoint import Description
from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies, split_items
from nodes_unet.data.store import Dataset, Split
from nodes_unet.data.targets import target as target_by_name
from nodes_unet.files import BEST
from nodes_unet.models.registry import arguments_of
from nodes_unet.training import Fitting, recomputed_val_loss, train

TEST = "test"  # as `monitor`: what is chosen in training is chosen on the test images


def network_arguments(network: str, own: Mapping, settings: Mapping, classes: Sequence[str]) -> dict:
    """Arguments of a network: the row's own, and the recipe's settings that the network has an argument for."""
    shared = {name: settings[name] for name in arguments_of(network) if name in settings}
    channels = 1 if "threshold" in settings else len(classes)
    return {**shared, **own, "input_shape": [*(settings["image_size"] or (None, None)), 3], "classes": channels}


def preprocessing(settings: Mapping) -> Preprocessing:
    """The recipe's preprocessing; the scaling `encoder` is the one that goes with the encoder's ImageNet weights."""
    scaling = settings.get("scaling", "unit")
    if scaling == "encoder":
        from nodes_unet.models.encoders import scaling as scaling_of  # loads segmentation-models

        scaling = scaling_of(settings["encoder"])
    size = settings["image_size"] and tuple(settings["image_size"])
    tiles = {"clahe_grid": settings["clahe_grid"]} if settings["clahe_clip"] else {}
    return Preprocessing(size, settings["clahe_clip"], **tiles, scaling=scaling)


def fitting(settings: Mapping) -> Fitting:
    """The recipe's fitting."""
    return Fitting(**{each.name: settings[each.name] for each in fields(Fitting) if each.name in settings})


def target(settings: Mapping) -> Callable[[np.ndarray], np.ndarray]:
    """What the recipe makes of masks."""
    return target_by_name(settings.get("target", "classes"))


class Side(NamedTuple):
    """Training or validation: where the images are, and which (n, 2) image and copy numbers of them."""

    split: Split
    items: np.ndarray


def sides(dataset: Dataset, copies: int, fraction: float, rule: str, seed: int) -> tuple[Side, Side]:
    """Training and validation: the dataset's own where it has both, else its training split divided by `split_items`.

    With the rule `TEST` all of the training split and, as validation, the test split.

    Raises:
        InputError: the training split cannot be divided so.
    """
    training = dataset.splits["train"]
    if validation := dataset.splits.get("test" if rule == TEST else "val"):
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
    rule = TEST if settings.get("monitor") == TEST else settings["validation_split"]
    training, validation = sides(dataset, settings["copies"], settings["validation_fraction"], rule, seed)
    shared = settings["batch_size"], preprocessing(settings), augmenter
    return (
        Batches(*training, *shared, seed=seed, target=target(settings)),
        Batches(*validation, *shared, target=target(settings)),
    )


class Trained(NamedTuple):
    """A trained row: the network with the best val_loss, and that loss evaluated anew with the weights that it kept."""

    model: keras.Model
    val_loss: float


def train_row(
    description: Description,
    training: Batches,
    validation: Batches,
    settings: Mapping,
    folder: Path,
    *,
    seed: int,
    number_of_devices: int | None,
    callbacks: Sequence[keras.callbacks.Callback],
) -> Trained:
    """Trains a row."""
    model = train(
        description,
        training,
        validation,
        fitting(settings),
        folder,
        seed=seed,
        number_of_devices=number_of_devices,
        callbacks=callbacks,
    )
    return Trained(checkpoint.load(folder / BEST), recomputed_val_loss(model, folder / BEST, validation))
