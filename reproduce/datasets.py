"""The dataset of a run: a prepared file, or synthetic images made on the spot and kept in the run store."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import SOURCES
from nodes_unet.errors import InputError
from reproduce.fingerprint import source_digest
from reproduce.recipe import values
from reproduce.request import SYNTHETIC
from reproduce.table import Table


def open_dataset(data: str, table: Table, preset: str, store: Path) -> Dataset:
    """Opens and checks what `--data` names.

    Args:
        data: `synthetic` or the path of a dataset file.
        table: that the images are for.
        preset: whose settings say how many synthetic images.
        store: run store, where synthetic data sets are kept.

    Raises:
        InputError: the file is missing, damaged, not what its digest says, or has other classes than the table needs.
    """
    if data == SYNTHETIC:
        settings = values(table.settings(preset))
        sizes = settings["synthetic_train"], settings["synthetic_test"]
        data = synthetic_file(table.synthetic, *sizes, store, settings.get("synthetic_options"))
    dataset = Dataset(data)
    dataset.verify()
    check_classes(dataset, table.classes)
    return dataset


def synthetic_file(kind: str, train: int, test: int, store: Path, options: Mapping | None = None) -> Path:
    """A synthetic dataset file, made unless it is there; its name carries kind, sizes, and generator with options."""
    drawn_by = source_digest(["nodes_unet.data.synthetic"]) + json.dumps(options)
    version = hashlib.sha256(drawn_by.encode()).hexdigest()[:12]
    path = store / "data" / f"synthetic-{kind}-{train}-{test}-{version}.h5"
    if not path.exists():
        write_dataset(path, SOURCES[kind](train, test, **(options or {})))
    return path


def check_classes(dataset: Dataset, expected: tuple[str, ...]) -> None:
    """Makes sure that a table's metrics find their classes; without expected ones, the background and another.

    Raises:
        InputError: the dataset has other classes.
    """
    if not expected and len(dataset.classes) != 2:
        raise InputError(
            f"{dataset.path} has the classes {', '.join(dataset.classes)}, the background and one more are needed"
        )
    if expected and dataset.classes != expected:
        raise InputError(
            f"{dataset.path} has the classes {', '.join(dataset.classes)}, {', '.join(expected)} are needed: "
            "prepare it with `--classes`"
        )
