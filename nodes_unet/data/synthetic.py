"""Synthetic data sets from the generators, with the role `synthetic`."""

from collections.abc import Iterator, Sequence

import numpy as np

from nodes_unet.data.fluorescence import CLASSES as SLICE_CLASSES
from nodes_unet.data.fluorescence import SLICE_SHAPE, brain_slice
from nodes_unet.data.neuron import CLASSES as NEURON_CLASSES
from nodes_unet.data.neuron import FIELD_SHAPE, neural_cells
from nodes_unet.data.smear import CLASSES, SMEAR_SHAPE, blood_smear
from nodes_unet.data.source import Sample, Source

CROP = 256


def smear_source(train: int, test: int, *, seed: int = 0, whole: bool = False) -> Source:
    """Blood smears with exact masks and exact counts of the cells that show, as 256x256 crops or whole.

    Args:
        train, test: number of images in each split; no smear gives images to both.
        seed: of the generator.
        whole: whole smears of 775x519 (width x height) instead of the six crops that fit into one.

    Returns:
        A source with the role `synthetic`; the group of an image is its smear.
    """

    def samples(split: str, count: int, stream: int) -> Iterator[Sample]:
        number = 0
        while True:
            smear = blood_smear([seed, stream, number])
            group = f"{split}-smear{number:05d}"
            for place, (rows, columns) in _windows(whole):
                if count == 0:
                    return
                name = group if whole else f"{group}-{place}"
                image, mask = smear.image[rows, columns].copy(), smear.mask[rows, columns].copy()
                yield Sample(name, group, image, mask, _counts(mask, smear.instances[rows, columns]))
                count -= 1
            number += 1

    return Source(
        name="synthetic-smears" if whole else "synthetic-crops",
        classes=CLASSES,
        role="synthetic",
        origin=f"nodes_unet.data.smear.blood_smear, seed {seed}",
        licence="CC0-1.0",
        splits={"train": lambda: samples("train", train, 0), "test": lambda: samples("test", test, 1)},
        rules={
            "crops": "none"
            if whole
            else f"{CROP}x{CROP}, a grid of 2 x 3 from each smear, left to right, top to bottom"
        },
    )


def neuron_source(train: int, test: int, *, seed: int = 0, shape: Sequence[int] = FIELD_SHAPE) -> Source:
    """Fields of neural cells under phase contrast with exact instances and their number.

    Args:
        train, test: number of images in each split.
        seed: of the generator.
        shape: (H, W); cells keep their size.

    Returns:
        A source with the role `synthetic`; each image is a group of its own.
    """

    def samples(split: str, count: int, stream: int) -> Iterator[Sample]:
        for number in range(count):
            field, name = neural_cells([seed, stream, number], tuple(shape)), f"{split}-field{number:05d}"
            yield Sample(name, name, field.image, field.instances, (int(field.instances.max()),))

    return Source(
        name="synthetic-neurons",
        classes=NEURON_CLASSES,
        role="synthetic",
        origin=f"nodes_unet.data.neuron.neural_cells, seed {seed}",
        licence="CC0-1.0",
        splits={"train": lambda: samples("train", train, 0), "test": lambda: samples("test", test, 1)},
    )


def slice_source(train: int, test: int, *, seed: int = 0, shape: Sequence[int] = SLICE_SHAPE) -> Source:
    """Fluorescing brain slices with exact instances and their number; those with a bright stripe are `artefact`.

    Args:
        train, test: number of images in each split.
        seed: of the generator.
        shape: (H, W); neurons keep their size.

    Returns:
        A source with the role `synthetic`; each image is a group of its own.
    """

    def samples(split: str, count: int, stream: int) -> Iterator[Sample]:
        for number in range(count):
            drawn, name = brain_slice([seed, stream, number], tuple(shape)), f"{split}-slice{number:05d}"
            cells, kind = len(np.unique(drawn.instances)) - 1, "artefact" if drawn.artefacts.any() else ""
            yield Sample(name, name, drawn.image, drawn.instances, (cells,), kind)

    return Source(
        name="synthetic-slices",
        classes=SLICE_CLASSES,
        role="synthetic",
        origin=f"nodes_unet.data.fluorescence.brain_slice, seed {seed}",
        licence="CC0-1.0",
        splits={"train": lambda: samples("train", train, 0), "test": lambda: samples("test", test, 1)},
        rules={"size": f"{shape[1]}x{shape[0]} (width x height)", "kind": "artefact where a bright stripe lies"},
    )


SOURCES = {"smears": smear_source, "neurons": neuron_source, "slices": slice_source}


def _counts(mask: np.ndarray, instances: np.ndarray) -> tuple[int, ...]:
    return tuple(len(np.unique(instances[mask == label])) for label in range(1, len(CLASSES)))


def _windows(whole: bool):
    if whole:
        return [(0, (slice(None), slice(None)))]
    height, width = SMEAR_SHAPE
    corners = [(y, x) for y in range(0, height - CROP + 1, CROP) for x in range(0, width - CROP + 1, CROP)]
    return [(place, (slice(y, y + CROP), slice(x, x + CROP))) for place, (y, x) in enumerate(corners)]
