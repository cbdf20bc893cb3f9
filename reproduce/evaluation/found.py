"""What a run leaves of the objects that it found in the test images."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from nodes_unet.data.source import Sample
from nodes_unet.files import replacing
from nodes_unet.hdf5 import Disk
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
    with replacing(path) as temporary, Disk(temporary) as disk, h5py.File(disk, "w") as file:
        for sample, (probability, predicted) in zip(samples, found, strict=True):
            heat, truth = np.rint(255 * probability).astype(np.uint8), truth_instances(sample.mask)
            parts = Found(sample.image, heat, truth.astype(np.uint16), predicted.astype(np.uint16))
            group = file.create_group(sample.id)
            for name, pixels in parts._asdict().items():
                group.create_dataset(name, data=pixels, compression="gzip")


def read_objects(path: Path, name: str) -> Found:
    """One image of a file that `write_objects` wrote."""
    with h5py.File(path, "r") as file:
        return Found(*(file[name][part][()] for part in Found._fields))
