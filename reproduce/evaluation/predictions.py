"""What a run leaves of its segmentations: test images, labels and predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.hdf5 import read_group, write_groups


class Segmented(NamedTuple):
    """A test image and what a network made of it.

    Attributes:
        image, preprocessed: uint8 RGB, the second as the network is given it.
        mask, prediction: (H, W) uint8 classes, in the image's size.
    """

    image: np.ndarray
    preprocessed: np.ndarray
    mask: np.ndarray
    prediction: np.ndarray


def write_predictions(
    path: Path,
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    target: Callable[[np.ndarray], np.ndarray],
    predictions: Sequence[np.ndarray],
) -> None:
    """Writes a group for each image, named after its id, with a dataset for each part of `Segmented`.

    Args:
        path: of the file.
        samples, predictions: images, and (H, W) uint8 classes for each.
        preprocessing: the network's.
        target: makes classes of masks.

    Raises:
        InputError: the file cannot be written.
    """

    def segmented(sample: Sample, prediction: np.ndarray) -> Segmented:
        resized, _ = preprocessing.resize(sample.image, sample.mask)
        return Segmented(sample.image, preprocessing.equalise(resized), target(sample.mask), prediction)

    pairs = zip(samples, predictions, strict=True)
    write_groups(path, ((sample.id, segmented(sample, prediction)._asdict()) for sample, prediction in pairs))


def read_prediction(path: Path, name: str) -> Segmented:
    """One image of a file that `write_predictions` wrote."""
    return Segmented(**read_group(path, name))
