"""What a run leaves of the objects that it found in the test images."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nodes_unet.data.source import Sample
from nodes_unet.hdf5 import read_group, write_groups
from reproduce.evaluation.objects import truth_instances


class Found(NamedTuple):
    """A test image and the objects found in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        probability: (H, W) uint8, 255 for 1.
        truth, predicted: instances (H, W) uint16.
    """

    image: np.ndarray
    probability: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray


def write_objects(path: Path, samples: Iterable[Sample], found: Iterable[tuple[np.ndarray, np.ndarray]]) -> None:
    """Writes a group for each image, named after its id, with a dataset for each part of `Found`.

    Args:
        path: of the file.
        samples: images.
        found: probabilities (H, W) float32 and instances (H, W) of each.

    Raises:
        InputError: the file cannot be written.
    """

    def parts(sample: Sample, probability: np.ndarray, predicted: np.ndarray) -> Found:
        heat, truth = np.rint(255 * probability).astype(np.uint8), truth_instances(sample.mask)
        return Found(sample.image, heat, truth.astype(np.uint16), predicted.astype(np.uint16))

    pairs = zip(samples, found, strict=True)
    write_groups(path, ((sample.id, parts(sample, *of_image)._asdict()) for sample, of_image in pairs))


def read_objects(path: Path, name: str) -> Found:
    """One image of a file that `write_objects` wrote."""
    return Found(**read_group(path, name))
