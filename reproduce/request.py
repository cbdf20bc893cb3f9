"""What `reproduce run` was asked for; a module of its own, so that reading a request imports no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.table import Row, Table

SYNTHETIC = "synthetic"  # as `--data`


@dataclass(frozen=True)
class Request:
    """What `reproduce run` was asked for.

    Attributes:
        table: the table.
        rows: its rows to run.
        seeds: a run for each.
        preset: name of the preset.
        data: `synthetic` or a dataset file.
        store: the run store.
        number_of_devices: None for all GPUs or one CPU.
        tensorboard: write TensorBoard logs into each run's folder.
    """

    table: Table
    rows: Sequence[Row]
    seeds: Sequence[int]
    preset: str
    data: str
    store: Path
    number_of_devices: int | None = None
    tensorboard: bool = False
