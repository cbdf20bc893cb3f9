"""Overlapping crops of large images (Morelli et al. 2021, section 4.1: twelve of 512x512 from 1600x1200)."""

from typing import NamedTuple

import numpy as np


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


def _windows(length: int, cell: int, size: int) -> list[slice]:
    if length <= size:
        return [slice(0, length)]
    ends = [max(size, end) for end in range(cell, length, cell)]
    return [slice(end - size, end) for end in dict.fromkeys([*ends, length])]
