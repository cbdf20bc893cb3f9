"""Runs the rows of a table: reuses what is finished, resumes what was cut off, and lets no failure stop the others."""

import time
import traceback
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import keras
import pandas as pd

from nodes_unet.checkpoint import Description
from nodes_unet.data.store import Dataset
from nodes_unet.devices import describe, devices
from nodes_unet.errors import InputError, TrainingError
from nodes_unet.files import write_text
from nodes_unet.models import module_of
from nodes_unet.profiling import peak_memory
from nodes_unet.training import HISTORY, RESUME
from reproduce.counts import count, has_counts
from reproduce.datasets import check_classes, open_dataset
from reproduce.fingerprint import source_digest
from reproduce.pictures import write_predictions
from reproduce.progress import Progress
from reproduce.recipe import values
from reproduce.records import (
    COMPLETE,
    COUNTS,
    FAILED,
    PER_IMAGE,
    PREDICTIONS,
    RECORD,
    ROBUSTNESS,
    DatasetLabel,
    RunIdentity,
    locked,
    read_record,
    write_record,
)
from reproduce.request import Request
from reproduce.segmentation import evaluate, network_arguments, preprocessing, train_row
from reproduce.solver_health import by_epoch
from reproduce.table import Row

TENSORBOARD = "tensorboard"


def run(request: Request) -> list[dict]:
    """Runs what was asked for and returns the records, failed ones among them.

    Raises:
        InputError: the dataset, the preset or the devices cannot be used; nothing has been run.
    """
    devices(request.number_of_devices)
    if request.tensorboard:
        _check_tensorboard()
    dataset = open_dataset(request.data, values(request.table.settings(request.preset)), request.store)
    check_classes(dataset, request.table.classes)
    planned = [identify(request, row, seed, dataset) for seed in request.seeds for row in request.rows]
    with Progress(len(planned)) as progress:
        return [_run_one(request, identity, dataset, progress) for identity in planned]


def identify(request: Request, row: Row, seed: int, dataset: Dataset) -> RunIdentity:
    """The identity of one run.

    Raises:
        InputError: the preset is unknown.
    """
    recipe = request.table.settings(request.preset, row)
    return RunIdentity(
        table=request.table.id,
        row=row.name,
        network=row.network,
        arguments=network_arguments(row.network, row.arguments, values(recipe), dataset.classes),
        dataset=DatasetLabel(dataset.name, dataset.role, dataset.digest, dataset.classes),
        preset=request.preset,
        seed=seed,
        recipe=recipe,
        source=source_digest(
            [
                module_of(row.network),
                "reproduce.segmentation",
                *(["reproduce.counts"] if "count_head" in recipe else []),
            ]
        ),
    )


def _run_one(request: Request, identity: RunIdentity, dataset: Dataset, progress: Progress) -> dict:
    folder = identity.folder(request.store)
    with locked(folder):
        record = read_record(folder)
        if record is not None and record["status"] == COMPLETE:
            progress.reused(identity)
            return record
        started = _now()
        progress.begin(identity)
        (folder / RECORD).unlink(missing_ok=True)  # of an earlier failure: this run is under way again
        try:
            results = {
                "status": COMPLETE,
                "error": None,
                **_train_and_evaluate(request, identity, dataset, folder, progress),
            }
        except (TrainingError, InputError) as error:
            results = {"status": FAILED, "error": str(error)}
        except Exception as error:  # one failing row must not stop the others, whatever made it fail
            sentence = f"{type(error).__name__}: {error}"
            results = {"status": FAILED, "error": sentence, "traceback": traceback.format_exc()}
        record = write_record(folder, identity, started=started, ended=_now(), **results)
        (folder / RESUME).unlink(missing_ok=True)
        progress.end(record)
        return record


def _train_and_evaluate(request, identity, dataset, folder, progress) -> dict:
    keras.backend.clear_session()
    settings = values(identity.recipe)
    description = Description(identity.network, identity.arguments, dataset.classes, preprocessing(settings))
    model = train_row(
        description,
        dataset,
        settings,
        folder,
        seed=identity.seed,
        number_of_devices=request.number_of_devices,
        callbacks=_callbacks(request, folder, progress),
    )
    began = time.perf_counter()
    evaluation = evaluate(model, dataset.splits["test"], dataset.classes, settings)
    for name, table in {PER_IMAGE: evaluation.per_image, ROBUSTNESS: evaluation.robustness}.items():
        if table is not None:
            write_text(folder / name, table.to_csv(index=False))
    write_predictions(folder / PREDICTIONS, dataset.splits["test"], preprocessing(settings), evaluation.predictions)
    history = pd.read_csv(folder / HISTORY)
    counting = {}
    if "count_head" in settings and has_counts(dataset):
        counts, counting = count(model, dataset, settings, evaluation.predictions, folder, identity.seed)
        write_text(folder / COUNTS, counts.to_csv(index=False))
    return {
        "metrics": {name: None if value != value else value for name, value in evaluation.metrics.items()},
        "solver": {
            block: {**on_test_images, "training": by_epoch(history, block)}
            for block, on_test_images in evaluation.solver.items()
        },
        "counting": counting,
        "timings": {
            "training_seconds": float(history["seconds"].sum()),
            "evaluation_seconds": time.perf_counter() - began,
            "process_peak_memory_bytes": peak_memory(),
            "machine": describe(devices(request.number_of_devices)),
        },
    }


def _callbacks(request: Request, folder: Path, progress: Progress) -> list[keras.callbacks.Callback]:
    following = [progress.callback()]
    return [*following, keras.callbacks.TensorBoard(folder / TENSORBOARD)] if request.tensorboard else following


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_tensorboard() -> None:
    if find_spec("tensorboard") is None:
        raise InputError("--tensorboard needs the package tensorboard: pip install tensorboard")
