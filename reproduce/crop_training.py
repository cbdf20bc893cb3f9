"""How rows that count cells are trained: on crops, with copies by kind of image and weight maps."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.crops import Crops
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset, Split
from nodes_unet.weight_maps import weight_map
from reproduce.evaluation.objects import ARTEFACT, Lengths, cell_radius, lengths, scaled_weights
from reproduce.training import preprocessing, sides


def divided(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Split, Split]:
    """Images to learn from and to validate on: the dataset's own, or its training images divided by groups.

    Raises:
        InputError: the training images cannot be divided so.
    """
    both = sides(dataset, 1, settings["validation_fraction"], settings["validation_split"], seed)
    return tuple(side.split.of(side.items[:, 0]) for side in both)


def measured_lengths(learning: Split, settings: Mapping) -> Lengths:
    """The recipe's lengths, by the size of the cells to learn from.

    Raises:
        InputError: there is no cell.
    """
    return lengths(settings, cell_radius(learning.mask(number) for number in range(len(learning))))


def batches(learning: Split, held_out: Split, settings: Mapping, of: Lengths, seed: int) -> tuple[Batches, Batches]:
    """Training and validation batches as the recipe derives them from images."""
    copies = dict(settings["copies"])
    if settings["artefact_copies"]:
        copies[ARTEFACT] = settings["artefact_copies"]
    return _batches(learning, settings, of, seed, copies), _batches(held_out, settings, of, None, {"": 1})


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
