"""How rows that count cells are trained: on crops, with copies by kind of image and weight maps."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.crops import Crops
from nodes_unet.data.splits import AFTER_AUGMENTATION, all_copies, split_items
from nodes_unet.data.store import Dataset, Split
from nodes_unet.data.targets import apart, classes
from nodes_unet.weight_maps import weight_map
from reproduce.evaluation.objects import ARTEFACT, Lengths, cell_radius, lengths, scaled_weights
from reproduce.training import preprocessing, sides


def divided(dataset: Dataset, settings: Mapping, seed: int) -> tuple[Split, Split]:
    """Images to learn from and to validate on: the dataset's own, or its training images divided by groups.

    Where the recipe divides after augmentation both are all training images, and `batches` divides their crops' copies.

    Raises:
        InputError: the training images cannot be divided so.
    """
    if settings["validation_split"] == AFTER_AUGMENTATION and "val" not in dataset.splits:
        return (dataset.splits["train"],) * 2
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
    learned, validated = (Crops(split, settings["crop_cell"], settings["crop_size"]) for split in (learning, held_out))
    copies = copies_by_kind(learned.kinds, settings)
    items, held_out_items = all_copies(range(len(learned)), copies), all_copies(range(len(validated)), 1)
    if learning is held_out:
        items, held_out_items = split_items(
            learned.groups, copies, settings["validation_fraction"], settings["validation_split"], seed
        )
    return _batches(learned, items, settings, of, seed), _batches(validated, held_out_items, settings, of, None)


def copies_by_kind(kinds: Sequence[str], settings: Mapping) -> list[int]:
    """Copies of each crop, itself included, by the kinds of their images.

    Without `oversampling` there are as many in all, and images with artefacts have no more of them than others.
    """
    by_kind = settings["copies"]
    alike = np.array([by_kind.get(kind, by_kind[""]) for kind in kinds])
    copies = np.where(np.array(kinds) == ARTEFACT, settings["artefact_copies"], alike)
    if not settings["oversampling"]:
        copies = np.diff(alike.cumsum() * copies.sum() // alike.sum(), prepend=0)
    return copies.tolist()


def _batches(crops: Crops, items: np.ndarray, settings: Mapping, of: Lengths, seed: int | None) -> Batches:
    return Batches(
        crops,
        items,
        settings["batch_size"],
        preprocessing(settings),
        Augmenter(Augmentation(**settings["augmentation"]), seed or 0),
        seed,
        separate=separation(settings),
        weights=_weights(settings, of),
    )


def separation(settings: Mapping) -> Callable[[np.ndarray], np.ndarray]:
    """What the recipe does with instances that touch."""
    return apart if settings["separate_touching"] else classes


def _weights(settings: Mapping, of: Lengths) -> Callable[[np.ndarray], np.ndarray]:
    """Weight maps as the recipe has them; without, its class weights."""
    if settings["weight_maps"]:
        return partial(weight_map, **scaled_weights(settings["weight_map"], of.scale))
    return partial(_class_weights, **settings["class_weights"])


def _class_weights(mask: np.ndarray, cell_weight: float, background_weight: float) -> np.ndarray:
    return np.where(mask > 0, cell_weight, background_weight).astype(np.float32)
