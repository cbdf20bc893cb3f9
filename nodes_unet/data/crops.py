"""Overlapping crops of large images (Morelli et al. 2021, section 4.1: twelve of 512x512 from 1600x1200)."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from nodes_unet.data.source import Sample
from nodes_unet.data.store import Split


class Crop(NamedTuple):
    """A window of an image: rows and columns."""

    rows: slice
    columns: slice

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """The window of (H, W, ...) pixels."""
        return pixels[self.rows, self.columns]


def grid(shape: tuple[int, int], cell: int = 400, size: int = 512) -> list[Crop]:
    """Crops from the cells of a grid, row by row, each grown to `size` (the authors' code).

    The first row and column grow down and to the right, the others up and to the left, so that neighbours overlap. The
    last ones reach the image's end. An image that is smaller than a crop gives one of its own size.

    Args:
        shape: (H, W) of the image.
        cell: pixels from one crop to the next.
        size: height and width of a crop.
    """
    rows, columns = (_windows(length, cell, size) for length in shape)
    return [Crop(row, column) for row in rows for column in columns]


class Crops:
    """The crops of a split's images, as a split of images of one size.

    What is missing of an image smaller than a crop is mirrored at its lower and right border.

    Args:
        split: of the images.
        cell, size: as for `grid`.

    Attributes:
        ids: `<image>-<number of the crop>`.
        groups, kinds: the images'.
    """

    def __init__(self, split: Split, cell: int = 400, size: int = 512):
        self.split, self.size = split, size
        self.crops = [
            (image, number, crop)
            for image in range(len(split))
            for number, crop in enumerate(grid(split.shape(image), cell, size))
        ]
        self.ids = tuple(f"{split.ids[image]}-{number}" for image, number, _ in self.crops)
        self.groups, self.kinds = (tuple(of[image] for image, *_ in self.crops) for of in (split.groups, split.kinds))

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, index: int) -> Sample:
        image, _, crop = self.crops[index]
        sample = self.split[image]
        pixels = (_filled_up(crop(whole), self.size) for whole in (sample.image, sample.mask))
        return Sample(self.ids[index], sample.group, *pixels, kind=sample.kind)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


def _filled_up(pixels: np.ndarray, size: int) -> np.ndarray:
    missing = [max(0, size - length) for length in pixels.shape[:2]]
    return cv2.copyMakeBorder(pixels, 0, missing[0], 0, missing[1], cv2.BORDER_REFLECT) if any(missing) else pixels


def _windows(length: int, cell: int, size: int) -> list[slice]:
    if length <= size:
        return [slice(0, length)]
    ends = [max(size, end) for end in range(cell, length, cell)]
    return [slice(end - size, end) for end in dict.fromkeys([*ends, length])]
