"""Weight maps: windows around the objects against the whole image for each object."""

from collections.abc import Mapping, Sequence
from functools import partial

import cv2
import numpy as np
import pandas as pd
from scipy import ndimage

from nodes_unet.errors import InputError
from nodes_unet.weight_maps import FLOOR, weight_map
from reproduce.benchmarks.timing import median_seconds_in_turn, one_thread

SIGMA = 25.0
MOST_PIXELS = 7.5e8  # cells * size^2 up to which SciPy takes part: about 30 s
ROUNDS_SECONDS = 10  # after which a case gets no further round


def measure(
    cells: Sequence[int] = (1, 10, 100, 400), sizes: Sequence[int] = (512, 1024, 2048), repeats: int = 3
) -> pd.DataFrame:
    """Times weight maps of round cells of 8 to 12 pixels radius, on one core.

    Args:
        cells: how many in an image.
        sizes: sides of the images, in pixels.
        repeats: calls, whose median counts; fewer once a case has taken `ROUNDS_SECONDS`.

    Returns:
        For each size and number of cells: `seconds` of `weight_map` with the authors' lowest value of 1, and
        `seconds_as_printed` without one, for which windows are wider; `seconds_full_scipy` of one distance transform of
        the whole image for each object by SciPy, with exp of it, in float64; the `ratio` and `ratio_as_printed` of that
        to the others; `seconds_per_object`; `max_relative_error` of the one against SciPy, and
        `max_relative_error_as_printed`, where the sum over objects is at least `FLOOR`. SciPy's, and what depends on
        it, is NaN where cells * size^2 is above `MOST_PIXELS`.
    """
    with one_thread():
        return pd.DataFrame([_case(size, number, repeats) for size in sizes for number in cells])


def full(labels: np.ndarray, sigma: float) -> np.ndarray:
    """The sum over objects by definition: (H, W) instance labels to (H, W) float64."""
    total = np.zeros(labels.shape)
    for number in np.unique(labels[labels > 0]):
        distance = ndimage.distance_transform_edt(labels != number)
        total += np.exp(-(distance**2) / (2 * sigma**2))
    return total


def round_cells(size: int, cells: int, seed: int = 0) -> np.ndarray:
    """Instance labels (size, size) int32 of discs at random, of which a later one takes what earlier ones left.

    Raises:
        InputError: there is no room for so many cells.
    """
    random, labels = np.random.default_rng(seed), np.zeros((size, size), np.int32)
    for number in range(1, cells + 1):
        if labels.all():
            raise InputError(f"an image of {size}x{size} is full with {number - 1} cells: ask for fewer than {cells}")
        centre = random.integers(0, size, 2)
        while labels[tuple(centre)]:
            centre = random.integers(0, size, 2)
        radius, disc = int(random.integers(8, 13)), np.zeros(labels.shape, np.uint8)
        cv2.circle(disc, centre[::-1].tolist(), radius, 1, cv2.FILLED)
        labels[(disc > 0) & (labels == 0)] = number
    return labels


def _case(size: int, cells: int, repeats: int) -> dict[str, float]:
    labels, maps = round_cells(size, cells), {}

    def windows(at_least):
        maps[at_least] = weight_map(labels, SIGMA, cell_weight=1, background_weight=1, at_least=at_least)

    def scipy():
        maps["scipy"] = full(labels, SIGMA)

    windows(1)
    actions = {"floor of 1": partial(windows, 1), "as printed": partial(windows, 0)}
    took = median_seconds_in_turn(
        actions | ({"scipy": scipy} if cells * size**2 <= MOST_PIXELS else {}), repeats, at_most=ROUNDS_SECONDS
    )
    by_scipy = took.get("scipy", np.nan)
    return {
        "size": size,
        "cells": cells,
        "seconds": took["floor of 1"],
        "seconds_as_printed": took["as printed"],
        "seconds_full_scipy": by_scipy,
        "ratio": by_scipy / took["floor of 1"],
        "ratio_as_printed": by_scipy / took["as printed"],
        "seconds_per_object": took["floor of 1"] / cells,
        "max_relative_error": _max_relative_error(maps, 1),
        "max_relative_error_as_printed": _max_relative_error(maps, 0),
    }


def _max_relative_error(maps: Mapping[int | str, np.ndarray], lowest: int) -> float:
    """Of the map with a lowest value, where it is at least `FLOOR`; NaN where SciPy took no part."""
    if "scipy" not in maps:
        return np.nan
    expected = np.maximum(maps["scipy"], lowest)
    counted = expected >= FLOOR
    return float((np.abs(maps[lowest] - expected)[counted] / expected[counted]).max())
