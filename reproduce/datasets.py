"""The dataset of a run: a prepared file, or synthetic images made on the spot and kept in the run store."""

from collections.abc import Mapping
from pathlib import Path

from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import smear_source
from nodes_unet.errors import InputError
from reproduce.fingerprint import source_digest

SYNTHETIC = "synthetic"


def open_dataset(data: str, settings: Mapping, store: Path) -> Dataset:
    """Opens and checks what `--data` names.

    Args:
        data: `synthetic` or the path of a dataset file.
        settings: the recipe's values, which say how many synthetic images.
        store: run store, where synthetic data sets are kept.

    Raises:
        InputError: the file is missing, damaged, or not what its digest says.
    """
    dataset = Dataset(synthetic_file(settings, store) if data == SYNTHETIC else data)
    dataset.verify()
    return dataset


def synthetic_file(settings: Mapping, store: Path) -> Path:
    """The synthetic dataset file of a recipe, made unless it is there; its name carries sizes and generator version."""
    train, test = settings["synthetic_train"], settings["synthetic_test"]
    version = source_digest(["nodes_unet.data.synthetic"])[:12]
    path = store / "data" / f"synthetic-{train}-{test}-{version}.h5"
    if not path.exists():
        write_dataset(path, smear_source(train, test))
    return path


def check_classes(dataset: Dataset, expected: tuple[str, ...]) -> None:
    """Makes sure that a table's metrics find their classes.

    Raises:
        InputError: the dataset has other classes.
    """
    if dataset.classes != expected:
        raise InputError(
            f"{dataset.path} has the classes {', '.join(dataset.classes)}, the table needs {', '.join(expected)}: "
            "prepare it with `--classes`"
        )
