"""A rehearsal: two full-size training steps and one evaluation step of every row, and an estimate of the whole."""

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import keras
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from nodes_unet.checkpoint import Description, load
from nodes_unet.data.store import Dataset
from nodes_unet.files import BEST
from nodes_unet.inference import seconds_for
from nodes_unet.profiling import parameters, peak_memory
from nodes_unet.training import train
from reproduce.datasets import open_dataset
from reproduce.durations import clock
from reproduce.fresh_process import measured
from reproduce.recipe import values
from reproduce.request import Request
from reproduce.running import identify, task
from reproduce.table import Row
from reproduce.training import fitting, preprocessing

TRAINING_STEPS = 2


def rehearse(request: Request) -> bool:
    """Rehearses the rows, each in a fresh process, prints what the whole would take, and says whether all rows fit.

    Raises:
        InputError: the dataset or the preset cannot be used.
    """
    if not request.table.needs_data:
        print(f"{request.table.id} trains nothing: there is nothing to rehearse", file=sys.stderr)
        return True
    dataset = open_dataset(request.data, request.table, request.preset, request.store)
    rehearsed = {}
    for row in request.rows:
        print(f"rehearsing {request.table.id} {row.name}", file=sys.stderr)
        rehearsed[row.name] = measured(__name__, "measure", request, row, dataset.path)
    _print(request, rehearsed)
    return all("error" not in estimate for estimate in rehearsed.values())


def measure(request: Request, row: Row, path: Path) -> dict:
    """Rehearses a row in this process and returns the estimate."""
    dataset = Dataset(path)
    identity = identify(request, row, request.seeds[0], dataset)
    settings = values(identity.recipe)
    description = Description(identity.network, identity.arguments, dataset.classes, preprocessing(settings))
    training, validation = task(request).batches(dataset, settings, identity.seed)
    steps = _StepTimes()
    with tempfile.TemporaryDirectory() as folder:
        train(
            description,
            training.head(TRAINING_STEPS),
            validation.head(1),
            replace(fitting(settings), epochs=1),
            folder,
            seed=identity.seed,
            number_of_devices=request.number_of_devices,
            callbacks=[steps],
        )
        disk = sum(file.stat().st_size for file in Path(folder).iterdir())
        model = load(Path(folder) / BEST)
    test = dataset.splits["test"]
    to_validate, to_predict = validation[0][0][0], preprocessing(settings)(test[0].image)  # a crop, the whole image
    validating, predicting = (seconds_for(model, [image], 1, 1) for image in (to_validate, to_predict))
    return {
        "parameters": parameters(model),
        "step": steps.seconds[-1],
        "image": predicting,
        "memory": peak_memory(),
        "disk": disk,
        "total": settings["epochs"] * (training.num_batches * steps.seconds[-1] + len(validation.items) * validating)
        + _predictions(dataset, settings) * predicting,
    }


def _predictions(dataset: Dataset, settings: Mapping) -> int:
    """How many whole images are predicted once a row is trained."""
    levels = sum(map(len, (settings.get("perturbations") or {}).values()))
    held_out = settings["validation_fraction"]
    for_threshold = {None: 0, "val": held_out, "train": 1 - held_out}[settings.get("threshold_images")]
    timed = settings.get("timed_images", 0) * settings.get("timed_passes", 0)
    images = {split: len(samples) for split, samples in dataset.splits.items()}
    return round(for_threshold * images["train"]) + images["test"] * (1 + levels) + timed


class _StepTimes(keras.callbacks.Callback):
    """Seconds of each training step; the first includes tracing."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def _print(request: Request, rehearsed: dict[str, dict]) -> None:
    grid = Grid(title=f"{request.table.id}, preset {request.preset}: estimates for one seed", title_justify="left")
    for heading in ("row", "parameters", "s a step", "s an image", "peak memory GB", "disk MB", "time of the whole"):
        grid.add_column(heading, justify="left" if heading == "row" else "right")
    for name, estimate in rehearsed.items():
        grid.add_row(name, *_columns(estimate))
    fits = [estimate for estimate in rehearsed.values() if "error" not in estimate]
    grid.add_section()
    grid.add_row("all", "", "", "", _gigabytes(fits), f"{sum(e['disk'] for e in fits) / 1e6:.0f}", _time(fits))
    Console(width=140).print(grid)


def _columns(estimate: dict) -> list[str]:
    if "error" in estimate:
        return [escape(f"failed: {estimate['error']}")]
    return [
        f"{estimate['parameters']:,}",
        f"{estimate['step']:.2f}",
        f"{estimate['image']:.3f}",
        _gigabytes([estimate]),
        f"{estimate['disk'] / 1e6:.0f}",
        _time([estimate]),
    ]


def _gigabytes(estimates: list[dict]) -> str:
    return f"{max((estimate['memory'] for estimate in estimates), default=0) / 1e9:.2f}"


def _time(estimates: list[dict]) -> str:
    return clock(sum(estimate["total"] for estimate in estimates))
