"""Attention maps: what a run leaves of its gates on the test images."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.hdf5 import read_group, write_groups

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
    grey = {gate: np.rint(255 * coefficients).astype(np.uint8) for gate, coefficients in maps.items()}
    write_groups(path, ((sample.id, {gate: of[k] for gate, of in grey.items()}) for k, sample in enumerate(samples)))


def read_attention(path: Path, name: str) -> dict[str, np.ndarray]:
    """The maps (h, w) uint8 of one image of a file that `write_attention` wrote, by gate."""
    return read_group(path, name)
