"""Layer `checkpoints`: committed networks on committed images, from file to metric, with nothing trained."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from nodes_unet import checkpoint
from nodes_unet.checkpoint import Description
from nodes_unet.data.store import Dataset, Split, write_dataset
from nodes_unet.errors import InputError
from nodes_unet.files import BEST, replacing
from nodes_unet.inference import probabilities
from reproduce.evaluation.counting import evaluate_objects
from reproduce.evaluation.objects import cell_radius, lengths
from reproduce.evaluation.segmentation import evaluate, input_statistics
from reproduce.recipe import values
from reproduce.records import RunIdentity, slug
from reproduce.regression.layouts import LAYOUTS, draw
from reproduce.regression.number import Number
from reproduce.regression.reference import PRESET, identities, steady
from reproduce.table import Table

LAYER, FILE, NETWORKS, IMAGES = "checkpoints", "checkpoints.json", "checkpoints", "images"
TOLERANCE = 1e-5
DROPPED = "no longer checked"


class Case(NamedTuple):
    """A row's network, on images of a layout."""

    table: str
    row: str
    layout: str

    def __str__(self) -> str:
        return f"{self.row} on {self.layout}"


CASES = (
    Case("three-networks", "NODEs-UNet", "masks"),
    Case("three-networks", "U-Net", "labelme"),
    Case("three-networks", "U-Net", "misp"),
    Case("counting", "c-ResUnet", "instances"),
    Case("counting", "c-ResUnet", "fluocells"),
)


def check(tables: Mapping[str, Table], folder: Path, reference: Mapping[str, Mapping]) -> Iterator[Number]:
    """Compares the numbers of the networks in a folder on its images with a reference, by case.

    These are every metric, the evaluations of each ODE-block, mean and spread of the network's inputs and outputs, and
    the shares of the labels.

    Raises:
        InputError: a network or an image cannot be read.
    """
    for name in reference.keys() - {str(case) for case in CASES}:
        yield Number(LAYER, name, "status", "checked", DROPPED, note="--update drops it")
    for case in CASES:
        expected, found = reference.get(str(case), {}), _numbers(tables[case.table], case, folder)
        for name in dict.fromkeys([*expected, *found]):
            yield Number(LAYER, str(case), name, expected.get(name), found.get(name), TOLERANCE)


def keep(tables: Mapping[str, Table], store: Path, folder: Path) -> None:
    """Draws the images and takes the networks of the reference runs, where the folder lacks them.

    Raises:
        InputError: a run is missing, or a file cannot be written.
    """
    draw(folder / IMAGES)
    for case in CASES:
        path = _network(case, folder)
        if path.exists():
            continue
        with replacing(path) as temporary:
            shutil.copyfile(_identity(tables[case.table], case, store).folder(store) / BEST, temporary)


def _identity(table: Table, case: Case, store: Path) -> RunIdentity:
    return next(identity for identity in identities(table, store, [0]) if identity.row == case.row)


def _network(case: Case, folder: Path) -> Path:
    return folder / NETWORKS / f"{case.table}-{slug(case.row)}.h5"


def _numbers(table: Table, case: Case, folder: Path) -> dict[str, float | None]:
    path, settings = _network(case, folder), values(table.settings(PRESET, table.row(case.row)))
    with tempfile.TemporaryDirectory() as temporary:
        try:
            model, described = checkpoint.load(path), checkpoint.read_description(path)
            write_dataset(Path(temporary) / "images.h5", LAYOUTS[case.layout].read(folder / IMAGES / case.layout))
        except InputError as error:
            raise InputError(f"take {folder} from the repository again: {error}") from error
        split = Dataset(Path(temporary) / "images.h5").splits["test"]
        if described.thresholds:
            radius = cell_radius(split.mask(number) for number in range(len(split)))
            of = lengths(settings, radius)
            metrics = evaluate_objects(model, replace(described, post_processing=of.cleaning), split, of.radius).metrics
            inputs, solver = input_statistics(described.preprocessing, split), {}
        else:
            once = settings | {"timed_images": 1, "timed_passes": 1, "perturbations": None}
            evaluation = evaluate(model, split, described.classes, once)
            metrics, inputs, solver = evaluation.metrics, evaluation.inputs, evaluation.solver
        found = _shares(split, described.classes) | _outputs(model, described, split)
    found |= steady(metrics, inputs, solver)
    return {name: None if value != value else float(value) for name, value in found.items()}


def _outputs(model: keras.Model, described: Description, split: Split) -> dict[str, float]:
    """Of all probabilities: metrics see only which class is the most probable."""
    found = np.stack([probabilities(model, described.preprocessing, sample.image) for sample in split])
    return {"outputs.mean": found[..., -1].mean(dtype=float), "outputs.spread": found.std(dtype=float)}


def _shares(split: Split, classes: Iterable[str]) -> dict[str, float]:
    """Share of each class in the labels, as the reader gives them; all instances are of the class after the first."""
    labels = np.concatenate([split.mask(number).ravel() for number in range(len(split))])
    labels = labels if labels.dtype == np.uint8 else labels > 0
    return {f"labels.{name}": float((labels == value).mean()) for value, name in enumerate(classes)}
