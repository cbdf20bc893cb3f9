"""The run store: one folder a run, and `run.json`, written last: the run has finished, well or badly."""

import fcntl
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from nodes_unet.errors import InputError
from nodes_unet.files import BEST, HISTORY, write_json
from reproduce.recipe import Recipe

SCHEMA = 2  # 1 lacks digests of files, statistics of inputs, confusion matrices and the val_loss evaluated anew
RECORD, PREDICTIONS, ATTENTION = "run.json", "predictions.h5", "attention.h5"
PER_IMAGE, ROBUSTNESS, COUNTS = "per_image.csv", "robustness.csv", "counts.csv"
OBJECTS, THRESHOLDS = "objects.h5", "thresholds.csv"
FILES = (BEST, HISTORY, PER_IMAGE, ROBUSTNESS, COUNTS, THRESHOLDS, PREDICTIONS, ATTENTION, OBJECTS)
COMPLETE, FAILED = "complete", "failed"
_READ = ("table", "row", "dataset", "preset", "seed", "ended", "status")
_LIBRARIES = (
    "tensorflow",
    "keras",
    "tensorflow-probability",
    "numpy",
    "albumentations",
    "opencv-python-headless",
    "h5py",
)


@dataclass(frozen=True)
class DatasetLabel:
    """What records say of a dataset; `rules` are what its reader converted and chose."""

    name: str
    role: str
    digest: str
    classes: tuple[str, ...]
    rules: dict[str, str] = field(default_factory=dict)


NO_DATA = DatasetLabel("no images", "none", "none", ())


@dataclass(frozen=True)
class RunIdentity:
    """One run: a table's row, on a dataset, under a preset, with a seed; and everything its result depends on.

    Attributes:
        table, row, preset, seed: as on the command line.
        network, arguments: of `nodes_unet.models.build`.
        dataset: its label.
        recipe: the resolved settings.
        source: digest of the code that the run depends on.
    """

    table: str
    row: str
    network: str
    arguments: dict
    dataset: DatasetLabel
    preset: str
    seed: int
    recipe: Recipe
    source: str

    @property
    def key(self) -> str:
        """Digest of recipe, row, dataset content, seed and source: a finished run is reused while it is unchanged."""
        parts = [
            self.table,
            self.row,
            self.network,
            self.arguments,
            self.dataset.digest,
            {name: setting.value for name, setting in self.recipe.items()},
            self.seed,
            self.source,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def folder(self, store: Path) -> Path:
        """Where the run is kept below a run store."""
        name = f"{slug(self.row)}-seed{self.seed}-{self.key[:12]}"
        return store / self.table / f"{slug(self.dataset.name)}-{self.preset}" / name


def slug(text: str) -> str:
    """A text as a file name."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a run's folder for this process; a killed process lets go of it.

    Raises:
        InputError: another process works on this run, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}): choose another place with --out") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder} is in use by another process: wait for it, or choose another --out") from error
        yield


def read_record(folder: Path) -> dict | None:
    """A run's record, or None where it has not finished.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not 1 <= record["schema"] <= SCHEMA:
            raise InputError(
                f"{path} has schema {record['schema']}, not 1 to {SCHEMA}: read it with the version that wrote it"
            )
        if lacking := [name for name in _READ if name not in record]:
            raise InputError(f"{path} lacks {', '.join(lacking)}: restore it, or remove its folder to run it again")
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a run record ({error}): remove its folder to run it again") from error
    return record


def write_record(folder: Path, identity: RunIdentity, **results) -> dict:
    """Writes a run's record.

    Raises:
        InputError: the file cannot be written.
    """
    record = {
        "schema": SCHEMA,
        "key": identity.key,
        "table": identity.table,
        "row": identity.row,
        "network": {"name": identity.network, "arguments": identity.arguments},
        "dataset": asdict(identity.dataset),
        "preset": identity.preset,
        "seed": identity.seed,
        **results,
        "files": {name: file_digest(folder / name) for name in FILES if (folder / name).exists()},
        "recipe": {name: asdict(setting) for name, setting in identity.recipe.items()},
        "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
        "git": git_state(),
    }
    write_json(folder / RECORD, record)
    return read_record(folder)


def find_records(store: Path, table: str) -> list[dict]:
    """All records of a table below a run store, oldest first, each with its `folder`.

    Raises:
        InputError: a record is damaged.
    """
    folders = [path.parent for path in sorted((store / table).glob(f"**/{RECORD}"))]
    records = [{**read_record(folder), "folder": folder} for folder in folders]
    return sorted(records, key=lambda record: record["ended"])


def best_was_last(record: dict) -> bool:
    """Whether the epoch of the lowest validation loss is the last that the recipe allows: more might have been better.

    False of a record that says neither.
    """
    last = record.get("recipe", {}).get("epochs", {}).get("value")
    return last is not None and record["metrics"].get("best_epoch") == last


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV file of a run.

    Raises:
        InputError: it is missing, or no table.
    """
    try:
        return pd.read_csv(path, dtype={"id": str, "kind": str})
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): restore it, or run its row again") from error
    except ValueError as error:
        raise InputError(f"{path} is no table ({error}): restore it, or run its row again") from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_state() -> dict:
    """Revision of the code, and whether it had uncommitted changes; None without a checkout, or without git."""

    def git(*arguments):
        command = ["git", "-C", os.fspath(Path(__file__).parent), *arguments]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return None
        return run.stdout.strip() if run.returncode == 0 else None

    changes = git("status", "--porcelain")
    return {"revision": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}
