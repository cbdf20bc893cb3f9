"""A table's published numbers and ours, cell by cell."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nodes_unet.errors import InputError
from nodes_unet.files import HISTORY
from reproduce.comparison.paired import PairedDifference, paired_difference
from reproduce.comparison.verdict import verdict
from reproduce.published import Published, find
from reproduce.records import (
    ATTENTION,
    COMPLETE,
    COUNTS,
    FAILED,
    OBJECTS,
    PER_IMAGE,
    PREDICTIONS,
    ROBUSTNESS,
    THRESHOLDS,
    best_was_last,
)
from reproduce.table import TIME, Metric, Row, Table


@dataclass(frozen=True)
class Cell:
    """One cell: the published number and ours, in the heading's unit.

    Attributes:
        row: the row's name.
        metric: the column.
        printed: published number with its digits, or None.
        values: ours, one a seed.
        verdict: see `reproduce.comparison.verdict`.
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
        watched_test: whether what is chosen in training was chosen on the test images.
        cells: rows by metrics, in the paper's order.
        failures: the error of each run that failed, by row and seed.
        failed_solves: on how many test images an ODE-block's solve failed, of the runs where one did, by row and seed.
        unlike_settings: the settings that are others than the newest run's, beyond what rows change, of the runs that
            have some, by row and seed.
        of_labels: what the networks' size keeps of the labels, shares by the titles of measures; empty where no run
            says.
        best_was_last: by row, in how many of how many trainings the lowest validation loss came in the last epoch that
            was allowed.
        per_image: of each row with pairs, by seed the table of `per_image.csv`.
        predictions, attention: of each row with pairs, predictions and attention maps of the first seed that has them.
        histories: by row and seed, the table of `history.csv`.
        paired: differences between rows image by image, for the table's pairs and per-image metrics.
        robustness, counts: `robustness.csv` and `counts.csv` of all runs that have one, with the columns `row` and
            `seed`; empty where none has.
        objects: of each row with pairs, the objects that its first seed found, and the radius of a match in pixels.
        weight_map: the recipe's weight maps, and the scale of lengths, of a run that was trained with them, if any.
        thresholds, found: `thresholds.csv` and `per_image.csv` of the runs that counted objects, like `counts`.
        solver_health: `reproduce.evaluation.solver_health.by_epoch` of each trained ODE-block, by block and seed.
    """

    table: Table
    dataset: dict
    preset: str
    seeds: tuple[int, ...]
    machine: str
    watched_test: bool
    cells: tuple[tuple[Cell, ...], ...]
    failures: dict[str, str]
    failed_solves: dict[str, int]
    unlike_settings: dict[str, list[str]]
    of_labels: dict[str, float]
    best_was_last: dict[str, tuple[int, int]]
    per_image: dict[str, dict[int, pd.DataFrame]]
    predictions: dict[str, Path]
    attention: dict[str, Path]
    histories: dict[tuple[str, int], pd.DataFrame]
    paired: tuple[PairedDifference, ...]
    robustness: pd.DataFrame
    counts: pd.DataFrame
    objects: dict[str, tuple[Path, float]]
    weight_map: tuple[dict, float] | None
    thresholds: pd.DataFrame
    found: pd.DataFrame
    solver_health: dict[str, dict[int, dict[str, list[float]]]]

    @property
    def data_line(self) -> str:
        """What data this was, in one line."""
        if not self.table.needs_data:
            return "no images are needed: networks as built"
        role = {
            "paper": "the paper's images and labels",
            "paper-images": "the paper's images with other labels",
            "proxy": "other real images than the paper's",
            "synthetic": "synthetic images",
        }[self.dataset["role"]]
        name, digest = self.dataset["name"], self.dataset["digest"][:12]
        seeds = ", ".join(map(str, self.seeds)) or "none that gave results"
        return f"data: {name} ({role}; digest {digest}), preset {self.preset}, seeds {seeds}"

    @property
    def pictures_title(self) -> str:
        """Above pictures of single images, which are one seed's."""
        return f"{self.table.title}\n{self.data_line}; shown: the first seed's"


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
        there = ", ".join(f"{name} ({of_preset})" for name, of_preset in groups(records))
        what = f"it has {there}" if there else f"make one with `reproduce run {table.id}`"
        raise InputError(f"the store has no run of {table.id}{asked}: {what}")
    newest = fitting[-1]
    same = [record for record in fitting if _group(record) == _group(newest)]
    newest_of = {(record["row"], record["seed"]): record for record in same}
    seeds = sorted({record["seed"] for record in same})
    in_order = [(row.name, seed) for row in table.rows for seed in seeds]
    latest = {key: newest_of[key] for key in in_order if key in newest_of}
    complete = {key: record for key, record in latest.items() if record["status"] == COMPLETE}
    paired_rows = {row for pair in table.pairs for row in pair}
    per_image = {
        each.name: {seed: _per_image(record) for (row, seed), record in complete.items() if row == each.name}
        for each in table.rows
        if each.name in paired_rows
    }
    by_row = {row.name: [record for (name, _), record in latest.items() if name == row.name] for row in table.rows}
    return Comparison(
        table=table,
        dataset=newest["dataset"],
        preset=newest["preset"],
        seeds=tuple(sorted({seed for _, seed in complete})),
        machine=_machine(same),
        watched_test=any(record["recipe"].get("monitor", {}).get("value") == "test" for record in complete.values()),
        cells=tuple(tuple(_cell(table, row, metric, by_row) for metric in table.metrics) for row in table.rows),
        failures={
            f"{name} seed {seed}": record["error"]
            for (name, seed), record in latest.items()
            if record["status"] == FAILED
        },
        failed_solves={
            f"{name} seed {seed}": failed
            for (name, seed), record in complete.items()
            if (failed := record["metrics"].get("failed_solves"))
        },
        unlike_settings=_unlike_settings(table, complete),
        of_labels=_of_labels(complete.values()),
        best_was_last=_best_was_last(complete),
        per_image=per_image,
        predictions=_first_files(PREDICTIONS, per_image, complete),
        attention=_first_files(ATTENTION, per_image, complete),
        histories={
            key: pd.read_csv(record["folder"] / HISTORY)
            for key, record in complete.items()
            if (record["folder"] / HISTORY).exists()
        },
        paired=_paired(table, per_image),
        robustness=_stacked(complete, ROBUSTNESS),
        counts=_stacked(complete, COUNTS),
        objects=_objects(per_image, complete),
        weight_map=_weight_map(complete.values()),
        thresholds=_stacked(complete, THRESHOLDS),
        found=_stacked({key: record for key, record in complete.items() if "lengths" in record}, PER_IMAGE),
        solver_health=_solver_health(latest),
    )


def _solver_health(records: Mapping[tuple[str, int], dict]) -> dict[str, dict[int, dict[str, list[float]]]]:
    blocks = {}
    for (row, seed), record in records.items():
        for block, health in record.get("solver", {}).items():
            if "training" in health:  # earlier records lack it
                blocks.setdefault(f"{row}, {block}", {})[seed] = health["training"]
    return blocks


def _of_labels(records: Iterable[dict]) -> dict[str, float]:
    titles = {"pa": "PA", "miou": "MIoU", "iou": "IoU per image", "dice": "Dice per image"}
    for metrics in (record["metrics"] for record in records):
        if "miou.of_labels" in metrics:
            named = {title: f"{name}.of_labels" for name, title in titles.items()}
            return {title: metrics[name] for title, name in named.items() if metrics.get(name) is not None}
    return {}


def _best_was_last(records: Mapping[tuple[str, int], dict]) -> dict[str, tuple[int, int]]:
    by_row = {}
    for (row, _), record in records.items():
        by_row.setdefault(row, []).append(best_was_last(record))
    return {row: (sum(last), len(last)) for row, last in by_row.items() if any(last)}


def _unlike_settings(table: Table, complete: Mapping[tuple[str, int], dict]) -> dict[str, list[str]]:
    newest = max(complete.values(), key=lambda record: record["ended"], default=None)
    unlike = {f"{row} seed {seed}": _unlike(table, record, newest) for (row, seed), record in complete.items()}
    return {run: names for run, names in unlike.items() if names}


def _unlike(table: Table, record: dict, other: dict) -> list[str]:
    """Settings that both records have, with other values, and that neither of their rows changes."""
    of_rows = {name for row in table.rows if row.name in (record["row"], other["row"]) for name in row.changes}
    values, others = ({name: each["value"] for name, each in run["recipe"].items()} for run in (record, other))
    shared = (values.keys() & others.keys()) - of_rows
    return sorted(name for name in shared if values[name] != others[name])


def groups(records: Sequence[dict]) -> list[tuple[str, str]]:
    """Dataset and preset of each comparison that records give."""
    return sorted({(record["dataset"]["name"], record["preset"]) for record in records})


def _per_image(record: dict) -> pd.DataFrame:
    return pd.read_csv(record["folder"] / PER_IMAGE, dtype={"id": str})


def _first_files(name: str, rows: Iterable[str], records: dict[tuple[str, int], dict]) -> dict[str, Path]:
    """By row, the file of a name of the first seed that has it."""
    found = {}
    for (row, _), record in records.items():
        if row in rows and (path := record["folder"] / name).exists():
            found.setdefault(row, path)
    return found


def _objects(rows: Iterable[str], records: dict[tuple[str, int], dict]) -> dict[str, tuple[Path, float]]:
    radii = {record["folder"]: record["lengths"]["match_radius"] for record in records.values() if "lengths" in record}
    return {row: (path, radii[path.parent]) for row, path in _first_files(OBJECTS, rows, records).items()}


def _weight_map(records: Iterable[dict]) -> tuple[dict, float] | None:
    found = (
        (record["recipe"]["weight_map"]["value"], record["lengths"]["scale"])
        for record in records
        if "lengths" in record and record["recipe"]["weight_maps"]["value"]
    )
    return next(found, None)


def _paired(table: Table, per_image: dict[str, dict[int, pd.DataFrame]]) -> tuple[PairedDifference, ...]:
    found = (
        paired_difference((first, per_image[first]), (second, per_image[second]), metric)
        for first, second in table.pairs
        if {first, second} <= per_image.keys()
        for metric in table.per_image
    )
    return tuple(difference for difference in found if difference is not None)


def _stacked(records: dict[tuple[str, int], dict], file: str) -> pd.DataFrame:
    """A file of all runs that have it, one below the other."""
    tables = [
        pd.read_csv(record["folder"] / file, dtype={"id": str, "kind": str}).assign(row=row, seed=seed)
        for (row, seed), record in records.items()
        if (record["folder"] / file).exists()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _group(record: dict) -> tuple:
    return record["dataset"]["digest"], record["preset"]


def _machine(records: Sequence[dict]) -> str:
    machines = [record["timings"]["machine"]["processor"] for record in records if record["status"] == COMPLETE]
    return machines[-1] if machines else "unknown"


def _all_failed(runs: Sequence[dict]) -> bool:
    return bool(runs) and all(record["status"] == FAILED for record in runs)


def _cell(table: Table, row: Row, metric: Metric, by_row: dict[str, list[dict]]) -> Cell:
    runs = by_row[row.name]
    values = _values(runs, metric)
    if metric.relative_to:
        reference = _values(by_row.get(metric.relative_to, ()), metric)
        values = tuple(metric.scale * value / statistics.fmean(reference) for value in values) if reference else ()
    printed = _printed(table, row, metric) if metric.published else None
    role = runs[0]["dataset"]["role"] if runs else ""
    return Cell(row.name, metric, printed, values, verdict(metric, printed, values, role, _all_failed(runs)))


def _values(runs: Sequence[dict], metric: Metric) -> tuple[float, ...]:
    measured = [record["metrics"].get(metric.name) for record in runs if record["status"] == COMPLETE]
    return tuple(value * metric.scale for value in measured if value is not None)


def _printed(table: Table, row: Row, metric: Metric) -> str | None:
    """The published number with its digits; of a time that is relative to a row, the ratio of two published ones."""
    name = row.published or row.name
    of_row = _value(find(table.paper, table.published, name, metric.published))
    if not metric.relative_to:
        return of_row
    if metric.depends_on != TIME:
        return _value(find(table.paper, ("text",), f"{name} / {metric.relative_to}", metric.published))
    of_other = _value(find(table.paper, table.published, metric.relative_to, metric.published))
    return f"{metric.scale * float(of_row) / float(of_other):.{metric.digits}f}" if of_row and of_other else None


def _value(published: Published | None) -> str | None:
    return published.value if published else None
