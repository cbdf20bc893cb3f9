"""A contact sheet: images, masks and overlays of a dataset side by side."""

import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from skimage.segmentation import find_boundaries

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.data.store import Dataset
from nodes_unet.files import replacing

# background, white cells, red cells; instances take the colours in turn
# (Okabe & Ito's, which colour-blind readers tell apart)
COLOURS = np.array(
    [[236, 240, 241], [0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [240, 228, 66]], np.uint8
)

_LETTERS = 24  # in a line above a picture
_PIXELS = 210  # of a picture's longer side
OUTLINE = np.array([0, 255, 64], np.uint8)


def contact_sheet(dataset: Dataset, path: str | Path, images: int = 6) -> None:
    """Draws image, mask and overlay of some images, evenly spaced over the splits, into a PNG file.

    Raises:
        InputError: the dataset cannot be read or the file cannot be written.
    """
    samples = _evenly_spaced(dataset, images)
    figure = Figure(figsize=(2.2 * len(samples), 7.2), layout="constrained")
    axes = figure.subplots(3, len(samples), squeeze=False)
    for column, (split, sample) in zip(axes.T, map(_shown, samples), strict=True):
        for axis, picture in zip(column, (sample.image, colour(sample.mask), overlay(sample)), strict=True):
            axis.imshow(picture)
            axis.set_axis_off()
        column[0].set_title("\n".join([split, *textwrap.wrap(sample.id, _LETTERS)]), fontsize="small")
    figure.suptitle(f"{dataset.name} ({dataset.role})")
    handles = [Patch(color=shade / 255, label=name) for shade, name in zip(COLOURS, dataset.classes, strict=False)]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize="small")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")


def colour(mask: np.ndarray) -> np.ndarray:
    """(H, W) labels as (H, W, 3) uint8 RGB; label 0 keeps its colour, higher ones repeat."""
    return COLOURS[np.where(mask == 0, 0, 1 + (mask.astype(np.int64) - 1) % (len(COLOURS) - 1))]


def overlay(sample: Sample) -> np.ndarray:
    """The image with the outlines of the mask's regions in a green that no stain has, (H, W, 3) uint8 RGB."""
    outline = find_boundaries(sample.mask, mode="inner") & (sample.mask > 0)
    return np.where(outline[..., None], OUTLINE, sample.image)


def drawn_size(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """(H, W) of an image in its proportions, where it is larger with `longest` pixels on its longer side."""
    shrink = min(1, longest / max(shape))
    return max(1, round(shape[0] * shrink)), max(1, round(shape[1] * shrink))


def _shown(chosen: tuple[str, Sample]) -> tuple[str, Sample]:
    """At the size at which it is drawn, so that an outline is not averaged away."""
    split, sample = chosen
    image, mask = Preprocessing(drawn_size(sample.mask.shape, _PIXELS)).resize(sample.image, sample.mask)
    return split, replace(sample, image=image, mask=mask)


def _evenly_spaced(dataset: Dataset, images: int) -> list[tuple[str, Sample]]:
    places = [(split, number) for split in dataset.splits.values() for number in range(len(split))]
    chosen = np.unique(np.linspace(0, len(places) - 1, min(images, len(places))).round().astype(int))
    return [(places[place][0].name, places[place][0][places[place][1]]) for place in chosen]
