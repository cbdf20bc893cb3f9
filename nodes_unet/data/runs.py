"""Run-length encoding as in Kaggle's Sartorius competition: pairs of start and length, from 1, row by row."""

import numpy as np

from nodes_unet.errors import InputError


def decode_runs(text: str, shape: tuple[int, int], where: str) -> np.ndarray:
    """The region (H, W) bool that runs describe.

    Args:
        text: `start length start length ...`, ascending.
        shape: height and width.
        where: what to name in errors.

    Raises:
        InputError: the text is no list of pairs of positive whole numbers, the runs overlap or are not in ascending
            order, or one goes past the image.
    """
    parts = text.split()
    if not parts or not all(_is_positive(part) for part in parts):
        raise InputError(f"{where}: the runs must be positive whole numbers, such as `1 3 10 5`")
    if len(parts) % 2:
        raise InputError(f"{where}: {len(parts)} numbers are no pairs of start and length: write the missing one in")
    starts, lengths = np.array(parts, np.int64).reshape(-1, 2).T
    ends = starts - 1 + lengths
    if (starts[1:] <= ends[:-1]).any():
        place = int(np.flatnonzero(starts[1:] <= ends[:-1])[0]) + 2
        raise InputError(f"{where}: run {place} does not begin after the one before: sort and merge the runs")
    pixels = shape[0] * shape[1]
    if ends[-1] > pixels:
        raise InputError(f"{where}: a run ends at pixel {ends[-1]} of an image of {pixels} pixels: correct it")
    region = np.zeros(pixels, bool)
    for start, end in zip(starts - 1, ends, strict=True):
        region[start:end] = True
    return region.reshape(shape)


def _is_positive(part: str) -> bool:
    """Whether a word is a positive whole number that 64 bits hold, and twice over."""
    return part.isascii() and part.isdigit() and len(part) <= 18 and int(part) > 0
