"""Checkpoints: weights, the network's plain specification and what is needed to use it, in one HDF5 file.

`keras.models.load_model` opens them after `import nodes_unet`. `load` opens them without deserialising any code: it
rebuilds the network from the registry, reads arrays and gives nothing back whose digest is another.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Real
from pathlib import Path

import h5py
import keras
import numpy as np

# what model.save and load_weights call for .h5 files; they take no open file, which HDF5 needs on a full disk
# (`writing`), and go by the name's ending
from keras.src.legacy.saving.legacy_h5_format import load_weights_from_hdf5_group, save_model_to_hdf5

from nodes_unet.data.preprocessing import SCALINGS, Preprocessing
from nodes_unet.errors import InputError
from nodes_unet.hdf5 import writing
from nodes_unet.models import build
from nodes_unet.models.registry import INITIAL
from nodes_unet.postprocessing import OPTIONS

_DESCRIPTION, _DIGEST = "nodes_unet", "nodes_unet_digest"


@dataclass(frozen=True)
class Description:
    """What a checkpoint says of itself.

    Attributes:
        network, arguments: of `nodes_unet.models.build`.
        classes: names, in the order of the network's channels.
        preprocessing: what the network expects to have been done to an image.
        thresholds: of probabilities, by name; empty where the most probable class is taken.
        post_processing: arguments of `nodes_unet.postprocessing.instances`, lengths in pixels of an image; empty where
            the network does not find objects.
        epoch: the epoch (from 1) that these weights come from.
        val_loss: its validation loss.
    """

    network: str
    arguments: dict
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    thresholds: dict[str, float] = field(default_factory=dict)
    post_processing: dict[str, float] = field(default_factory=dict)
    epoch: int | None = None
    val_loss: float | None = None

    def build(self) -> keras.Model:
        """The network with fresh weights."""
        return build(self.network, **self.arguments)


def save(model: keras.Model, description: Description, path: str | Path) -> None:
    """Writes a checkpoint in one piece, without optimizer state.

    Raises:
        InputError: the file cannot be written.
    """
    text = json.dumps(asdict(replace(description, arguments=_lasting(description.arguments))))
    with writing(path) as (file, _):
        save_model_to_hdf5(model, file, include_optimizer=False)
        file.attrs[_DESCRIPTION] = text
        file.attrs[_DIGEST] = _digest(text, model.get_weights())


def read_description(path: str | Path) -> Description:
    """What a checkpoint says of itself, without building the network.

    Raises:
        InputError: the file is missing, cut short or no checkpoint of this library.
    """
    return _parse(path, _attributes(path)[0])


def load(path: str | Path) -> keras.Model:
    """The trained network of a checkpoint, uncompiled.

    Raises:
        InputError: the file is missing, cut short, altered, or no checkpoint of this library.
    """
    text, digest = _attributes(path)
    model = _parse(path, text).build()
    load_weights(model, path)
    if _digest(text, model.get_weights()) != digest:
        raise InputError(f"{path} does not hold what its digest says: it was changed or damaged, train it again")
    return model


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Gives a network the weights of a checkpoint of its kind.

    Raises:
        InputError: the file does not hold them.
    """
    try:
        with h5py.File(path, "r") as file:
            load_weights_from_hdf5_group(file["model_weights"], model)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} does not hold the weights of its network ({error}): train it again") from error


def _attributes(path) -> tuple[str, str]:
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist: check the name")
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs[_DESCRIPTION]), str(file.attrs[_DIGEST])
    except (OSError, KeyError) as error:
        raise InputError(f"{path} is cut short or no checkpoint of this library ({error}): train it again") from error


def _parse(path, text: str) -> Description:
    try:
        fields = json.loads(text)
        fields["classes"] = tuple(fields["classes"])
        size = fields["preprocessing"].pop("size")
        fields["preprocessing"] = Preprocessing(size=size and tuple(size), **fields["preprocessing"])
        fields["arguments"] = _lasting(fields["arguments"])
        if not isinstance(fields["network"], str) or fields["preprocessing"].scaling not in SCALINGS:
            raise ValueError("an unknown network or scaling")
        for name, value in fields.get("post_processing", {}).items():
            if name not in OPTIONS or not isinstance(value, Real):
                raise ValueError(f"an unknown post-processing, {name} {value!r}")
        return Description(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} has a description that cannot be read ({error}): train it again") from error


def _lasting(arguments: Mapping) -> dict:
    """A network's arguments without those of its first weights, which its own have taken the place of."""
    return {name: value for name, value in arguments.items() if name not in INITIAL}


def _digest(text: str, weights: list[np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for array in weights:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
