"""Runs the rows of a table: reuses what is finished, resumes what was cut off, and lets no failure stop the others."""

import importlib
import traceback
from datetime import UTC, datetime
from importlib.util import find_spec
from types import ModuleType

from nodes_unet.data.store import Dataset
from nodes_unet.devices import devices
from nodes_unet.errors import InputError, TrainingError
from nodes_unet.files import RESUME
from nodes_unet.models import module_of
from reproduce.datasets import open_dataset
from reproduce.fingerprint import source_digest
from reproduce.progress import Progress
from reproduce.recipe import values
from reproduce.records import (
    COMPLETE,
    FAILED,
    NO_DATA,
    RECORD,
    DatasetLabel,
    RunIdentity,
    locked,
    read_record,
    write_record,
)
from reproduce.request import Request
from reproduce.table import Row


def run(request: Request) -> list[dict]:
    """Runs what was asked for and returns the records, failed ones among them.

    Raises:
        InputError: the dataset, the preset or the devices cannot be used, and nothing has been run; or a run's folder
            cannot be, and the runs before it are kept.
    """
    devices(request.number_of_devices)
    if request.tensorboard:
        _check_tensorboard()
    dataset = _dataset(request)
    planned = [identify(request, row, seed, dataset) for seed in request.seeds for row in request.rows]
    with Progress(len(planned)) as progress:
        return [_run_one(request, identity, dataset, progress) for identity in planned]


def task(request: Request) -> ModuleType:
    """The module that performs the rows of a table."""
    return importlib.import_module(f"reproduce.tasks.{request.table.task}")


def _dataset(request: Request) -> Dataset | None:
    if not request.table.needs_data:
        return None
    return open_dataset(request.data, request.table, request.preset, request.store)


def identify(request: Request, row: Row, seed: int, dataset: Dataset | None) -> RunIdentity:
    """The identity of one run, on a dataset or without one.

    Raises:
        InputError: the preset is unknown.
    """
    recipe, performing = request.table.settings(request.preset, row), task(request)
    return RunIdentity(
        table=request.table.id,
        row=row.name,
        network=row.network,
        arguments=performing.arguments(row, values(recipe), dataset),
        dataset=_label(dataset) if dataset else NO_DATA,
        preset=request.preset,
        seed=seed,
        recipe=recipe,
        source=source_digest([module_of(row.network), *performing.modules(recipe)]),
    )


def _label(dataset: Dataset) -> DatasetLabel:
    return DatasetLabel(dataset.name, dataset.role, dataset.digest, dataset.classes, dataset.rules)


def _run_one(request: Request, identity: RunIdentity, dataset: Dataset | None, progress: Progress) -> dict:
    folder = identity.folder(request.store)
    with locked(folder):
        record = read_record(folder)
        if record is not None and record["status"] == COMPLETE:
            progress.reused(identity)
            return record
        started = _now()
        progress.begin(identity, resumes=(folder / RESUME).exists())
        (folder / RECORD).unlink(missing_ok=True)  # of an earlier failure: this run is under way again
        try:
            results = {
                "status": COMPLETE,
                "error": None,
                **task(request).perform(request, identity, dataset, folder, progress),
            }
        except (TrainingError, InputError) as error:
            results = {"status": FAILED, "error": str(error)}
        except Exception as error:  # one failing row must not stop the others, whatever made it fail
            sentence = f"{type(error).__name__}: {error}"
            results = {"status": FAILED, "error": sentence, "traceback": traceback.format_exc()}
        record = write_record(folder, identity, started=started, ended=_now(), **results)
        if record["status"] == COMPLETE:  # else the training need not be done again
            (folder / RESUME).unlink(missing_ok=True)
        progress.end(record)
        return record


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_tensorboard() -> None:
    if find_spec("tensorboard") is None:
        raise InputError("--tensorboard needs the package tensorboard: pip install tensorboard")
