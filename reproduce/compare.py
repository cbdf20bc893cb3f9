"""A table's published numbers and ours, cell by cell."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from nodes_unet.errors import InputError
from reproduce.published import find
from reproduce.records import COMPLETE, FAILED
from reproduce.table import Metric, Row, Table
from reproduce.verdict import verdict


@dataclass(frozen=True)
class Cell:
    """One cell: the published number and ours, in the heading's unit.

    Attributes:
        row: the row's name.
        metric: the column.
        printed: published number with its digits, or None.
        values: ours, one a seed.
        verdict: see `reproduce.verdict`.
    """

    row: str
    metric: Metric
    printed: str | None
    values: tuple[float, ...]
    verdict: str

    @property
    def mean(self) -> float | None:
        """Mean over seeds."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds, from two of them."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Comparison:
    """A table on one dataset under one preset.

    Attributes:
        table: the table.
        dataset: name, role, digest and classes, as recorded.
        preset: the preset.
        seeds: the seeds that gave results.
        machine: where the newest run was made.
        cells: rows by metrics, in the paper's order.
        failures: the error of each run that failed, by row and seed.
        solver_health: `reproduce.solver_health.by_epoch` of each ODE-block that was trained, by row, seed and block.
    """

    table: Table
    dataset: dict
    preset: str
    seeds: tuple[int, ...]
    machine: str
    cells: tuple[tuple[Cell, ...], ...]
    failures: dict[str, str]
    solver_health: dict[str, dict[str, list[float]]]

    @property
    def data_line(self) -> str:
        """What data this was, in one line."""
        role = {
            "paper": "the paper's images and labels",
            "paper-images": "the paper's images with other labels",
            "proxy": "other real images than the paper's",
            "synthetic": "synthetic images",
        }[self.dataset["role"]]
        name, digest = self.dataset["name"], self.dataset["digest"][:12]
        seeds = ", ".join(map(str, self.seeds)) or "none that gave results"
        return f"data: {name} ({role}; digest {digest}), preset {self.preset}, seeds {seeds}"


def compare(table: Table, records: Sequence[dict], data: str | None = None, preset: str | None = None) -> Comparison:
    """Puts the newest records of a table beside the published numbers.

    Args:
        table: the table.
        records: its records, oldest first.
        data: name of the dataset; by default that of the newest record.
        preset: by default that of the newest record (on this dataset).

    Raises:
        InputError: no record fits.
    """
    fitting = [
        record for record in records if data in (None, record["dataset"]["name"]) and preset in (None, record["preset"])
    ]
    if not fitting:
        asked = "".join(f", {name} {value}" for name, value in (("dataset", data), ("preset", preset)) if value)
        raise InputError(f"the store has no run of {table.id}{asked}: make one with `reproduce run {table.id}`")
    newest = fitting[-1]
    same = [record for record in fitting if _group(record) == _group(newest)]
    latest = {(record["row"], record["seed"]): record for record in same}
    by_row = {row.name: [record for (name, _), record in latest.items() if name == row.name] for row in table.rows}
    return Comparison(
        table=table,
        dataset=newest["dataset"],
        preset=newest["preset"],
        seeds=tuple(sorted({seed for (_, seed), record in latest.items() if record["status"] == COMPLETE})),
        machine=_machine(same),
        cells=tuple(
            tuple(_cell(table, row, metric, by_row[row.name]) for metric in table.metrics) for row in table.rows
        ),
        failures={
            f"{name} seed {seed}": record["error"]
            for (name, seed), record in latest.items()
            if record["status"] == FAILED
        },
        solver_health={
            f"{name} seed {seed}, {block}": statistics["training"]
            for (name, seed), record in latest.items()
            for block, statistics in record.get("solver", {}).items()
            if "training" in statistics  # earlier records lack it
        },
    )


def _group(record: dict) -> tuple:
    return record["dataset"]["digest"], record["preset"]


def _machine(records: Sequence[dict]) -> str:
    machines = [record["timings"]["machine"]["processor"] for record in records if record["status"] == COMPLETE]
    return machines[-1] if machines else "unknown"


def _all_failed(runs: Sequence[dict]) -> bool:
    return bool(runs) and all(record["status"] == FAILED for record in runs)


def _cell(table: Table, row: Row, metric: Metric, runs: Sequence[dict]) -> Cell:
    measured = [record["metrics"].get(metric.name) for record in runs if record["status"] == COMPLETE]
    values = tuple(value * metric.scale for value in measured if value is not None)
    published = metric.published and find(table.paper, table.published, row.published or row.name, metric.published)
    printed = published.value if published else None
    mean = statistics.fmean(values) if values else None
    return Cell(row.name, metric, printed, values, verdict(metric, printed, mean, _all_failed(runs)))
