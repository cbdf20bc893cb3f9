"""Small synthetic images in the layouts that readers read, drawn once and committed: readers are checked with them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from nodes_unet.data.candidates import write_labelme
from nodes_unet.data.fluocells import IMAGES, MASKS, fluocells_source
from nodes_unet.data.folder import folder_source
from nodes_unet.data.misp import misp_source
from nodes_unet.data.smear import CLASSES
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.synthetic import slice_source, smear_source
from nodes_unet.files import replacing, write_text

SEED = 1000  # not that of the images that the networks learnt from
TRAIN, TEST = 1, 4
SIDE = 128


class Layout(NamedTuple):
    """How images lie in a folder: what reads them, and what wrote them."""

    read: Callable[[Path], Source]
    draw: Callable[[Path], None]


def draw(folder: Path) -> None:
    """Draws the images of each layout that the folder does not have.

    Raises:
        InputError: a file cannot be written.
    """
    for name, layout in LAYOUTS.items():
        if not (folder / name).exists():
            layout.draw(folder / name)


def _draw_masks(folder: Path) -> None:
    for sample in _split(folder, _corners(smear_source(TRAIN, TEST, seed=SEED))):
        _write_image(folder / "masks" / f"{sample.id}.png", sample.mask)


def _draw_labelme(folder: Path) -> None:
    for sample in _split(folder, _corners(smear_source(TRAIN, TEST, seed=SEED))):
        image = folder / "images" / f"{sample.id}.png"
        write_labelme(folder / "masks" / f"{sample.id}.json", image, _by_class(sample.mask))


def _draw_misp(folder: Path) -> None:
    for sample in _samples(smear_source(1, 1, seed=SEED, whole=True)):
        image = folder / f"{sample.id}.png"
        _write_image(image, sample.image[..., ::-1])
        write_labelme(image.with_suffix(".json"), image, _by_class(sample.mask))


def _draw_instances(folder: Path) -> None:
    for sample in _split(folder, _slices()):
        _write_image(folder / "masks" / f"{sample.id}.png", sample.mask)


def _draw_fluocells(folder: Path) -> None:
    for sample in _slices():
        _write_image(folder / IMAGES / f"{sample.id}.png", sample.image[..., ::-1])
        _write_image(folder / MASKS / f"{sample.id}.png", np.where(sample.mask > 0, 255, 0).astype(np.uint8))
    write_text(folder / "test.txt", "".join(f"{sample.id}\n" for sample in _slices() if sample.id.startswith("test")))


def _split(folder: Path, samples: Iterator[Sample]) -> Iterator[Sample]:
    """Writes images and split file, and passes the samples on for their masks."""
    lines = ["id,split,group"]
    for sample in samples:
        _write_image(folder / "images" / f"{sample.id}.png", sample.image[..., ::-1])
        lines.append(f"{sample.id},{sample.id.split('-')[0]},{sample.group}")
        yield sample
    write_text(folder / "split.csv", "\n".join(lines) + "\n")


def _corners(source: Source) -> Iterator[Sample]:
    for sample in _samples(source):
        yield replace(sample, image=sample.image[:SIDE, :SIDE], mask=sample.mask[:SIDE, :SIDE], counts=None)


def _slices() -> Iterator[Sample]:
    return _samples(slice_source(TRAIN, TEST, seed=SEED, shape=(2 * SIDE, 2 * SIDE)))


def _samples(source: Source) -> Iterator[Sample]:
    return (sample for split in source.splits.values() for sample in split())


def _by_class(mask: np.ndarray) -> Mapping[str, np.ndarray]:
    return {name: mask == value for value, name in enumerate(CLASSES) if value}


def _write_image(path: Path, pixels: np.ndarray) -> None:
    with replacing(path) as temporary:
        cv2.imwrite(str(temporary), pixels)


LAYOUTS = {
    "masks": Layout(lambda folder: folder_source(folder, CLASSES), _draw_masks),
    "labelme": Layout(lambda folder: folder_source(folder, CLASSES), _draw_labelme),
    "misp": Layout(misp_source, _draw_misp),
    "instances": Layout(lambda folder: folder_source(folder, ("background", "cell"), instances=True), _draw_instances),
    "fluocells": Layout(lambda folder: fluocells_source(folder, test_list=folder / "test.txt"), _draw_fluocells),
}
