"""Attention maps: what a run leaves of its gates on the test images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.files import replacing
from nodes_unet.hdf5 import Disk

if TYPE_CHECKING:
    import keras


def write_attention(path: Path, model: "keras.Model", preprocessing: Preprocessing, samples: Sequence[Sample]) -> None:
    """Writes a group for each image, named after its id, with (h, w) uint8 coefficients of each gate, 255 for 1.

    A network without gates leaves no file.

    Raises:
        InputError: the file cannot be written.
    """
    from nodes_unet.models.attention import attention_coefficients, gates

    if not gates(model):
        return
    maps = attention_coefficients(model, np.stack([preprocessing(sample.image) for sample in samples]))
    with replacing(path) as temporary, Disk(temporary) as disk, h5py.File(disk, "w") as file:
        for gate, coefficients in maps.items():
            for sample, of_image in zip(samples, np.rint(255 * coefficients).astype(np.uint8), strict=True):
                file.create_dataset(f"{sample.id}/{gate}", data=of_image, compression="gzip")


def read_attention(path: Path, name: str) -> dict[str, np.ndarray]:
    """The maps (h, w) uint8 of one image of a file that `write_attention` wrote, by gate."""
    with h5py.File(path, "r") as file:
        return {gate: coefficients[()] for gate, coefficients in file[name].items()}
