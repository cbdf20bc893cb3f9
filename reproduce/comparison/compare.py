"""A table's published numbers beside ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from nodes_unet.errors import InputError
from nodes_unet.files import HISTORY
from reproduce.comparison.cells import Cell, cell
from reproduce.comparison.paired import PairedDifference, paired_difference
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
    read_csv,
)
from reproduce.table import Table

_ROLES = {
    "paper": "the paper's images and labels",
    "paper-images": "the paper's images with other labels",
    "proxy": "other real images than the paper's",
    "synthetic": "synthetic images",
}
_OF_LABELS = {"pa": "PA", "miou": "MIoU", "iou": "IoU per image", "dice": "Dice per image"}


@dataclass(frozen=True)
class Comparison:
    """A table on one dataset under one preset; what runs left in files is read when it is asked for.

    Attributes:
        table: the table.
        dataset: name, role, digest and classes, as recorded.
        preset: the preset.
        records: by row and seed the newest record, with its `folder`, in the order of the table.
    """

    table: Table
    dataset: dict
    preset: str
    records: dict[tuple[str, int], dict]

    @cached_property
    def complete(self) -> dict[tuple[str, int], dict]:
        """The records of the runs that have results."""
        return {key: record for key, record in self.records.items() if record["status"] == COMPLETE}

    @cached_property
    def newest(self) -> dict | None:
        """The newest record with results, or None where there is none."""
        return max(self.complete.values(), key=lambda record: record["ended"], default=None)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that gave results."""
        return tuple(sorted({seed for _, seed in self.complete}))

    @property
    def machine(self) -> str:
        """Where the newest run was made."""
        return self.newest["timings"]["machine"]["processor"] if self.newest else "unknown"

    @property
    def watched_test(self) -> bool:
        """Whether what is chosen in training was chosen on the test images."""
        return any(record["recipe"].get("monitor", {}).get("value") == "test" for record in self.complete.values())

    @cached_property
    def cells(self) -> tuple[tuple[Cell, ...], ...]:
        """Rows by metrics, in the paper's order."""
        by_row = {row.name: [] for row in self.table.rows}
        for (row, _), record in self.records.items():
            by_row[row].append(record)
        return tuple(
            tuple(cell(self.table, row, metric, by_row) for metric in self.table.metrics) for row in self.table.rows
        )

    @property
    def failures(self) -> dict[str, str]:
        """The error of each run that failed, by row and seed."""
        failed = {key: record for key, record in self.records.items() if record["status"] == FAILED}
        return {_name(key): record["error"] for key, record in failed.items()}

    @property
    def failed_solves(self) -> dict[str, int]:
        """On how many test images an ODE-block's solve failed, of the runs where one did, by row and seed."""
        failed = {key: record["metrics"].get("failed_solves") for key, record in self.complete.items()}
        return {_name(key): images for key, images in failed.items() if images}

    @property
    def unlike_settings(self) -> dict[str, list[str]]:
        """The settings that are others than the newest run's, beyond what rows change, of the runs that have some."""
        unlike = {key: _unlike(self.table, record, self.newest) for key, record in self.complete.items()}
        return {_name(key): names for key, names in unlike.items() if names}

    @property
    def of_labels(self) -> dict[str, float]:
        """What the networks' size keeps of the labels, shares by the titles of measures; empty where no run says."""
        for metrics in (record["metrics"] for record in self.complete.values()):
            if "miou.of_labels" in metrics:
                shares = {title: metrics.get(f"{name}.of_labels") for name, title in _OF_LABELS.items()}
                return {title: share for title, share in shares.items() if share is not None}
        return {}

    @property
    def best_was_last(self) -> dict[str, tuple[int, int]]:
        """By row, in how many of how many trainings the lowest validation loss came in the last epoch allowed."""
        by_row = {}
        for (row, _), record in self.complete.items():
            by_row.setdefault(row, []).append(best_was_last(record))
        return {row: (sum(last), len(last)) for row, last in by_row.items() if any(last)}

    @cached_property
    def per_image(self) -> dict[str, dict[int, pd.DataFrame]]:
        """Of each row with pairs, by seed the table of `per_image.csv`."""
        tables = {row: {} for row in self.table.rows_in_pairs}
        for (row, seed), record in self.complete.items():
            if row in tables:
                tables[row][seed] = read_csv(record["folder"] / PER_IMAGE)
        return tables

    @cached_property
    def paired(self) -> tuple[PairedDifference, ...]:
        """Differences between rows image by image, for the table's pairs and per-image metrics."""
        found = (
            paired_difference((first, self.per_image[first]), (second, self.per_image[second]), metric)
            for first, second in self.table.pairs
            if {first, second} <= self.per_image.keys()
            for metric in self.table.per_image
        )
        return tuple(difference for difference in found if difference is not None)

    @property
    def predictions(self) -> dict[str, Path]:
        """Of each row with pairs, the predictions of the first seed that has them."""
        return self._first_files(PREDICTIONS)

    @property
    def attention(self) -> dict[str, Path]:
        """Of each row with pairs, the attention maps of the first seed that has them."""
        return self._first_files(ATTENTION)

    @property
    def objects(self) -> dict[str, tuple[Path, float]]:
        """Of each row with pairs, the objects that its first seed found, and the radius of a match in pixels."""
        counted = (record for record in self.complete.values() if "lengths" in record)
        radii = {record["folder"]: record["lengths"]["match_radius"] for record in counted}
        return {row: (path, radii[path.parent]) for row, path in self._first_files(OBJECTS).items()}

    @property
    def weight_map(self) -> tuple[dict, float, bool] | None:
        """Of a run trained with weight maps, if any: their options, the scale, and whether cells were set apart."""
        found = (
            (
                record["recipe"]["weight_map"]["value"],
                record["lengths"]["scale"],
                record["recipe"].get("separate_touching", {}).get("value", False),
            )
            for record in self.complete.values()
            if "lengths" in record and record["recipe"]["weight_maps"]["value"]
        )
        return next(found, None)

    @cached_property
    def histories(self) -> dict[tuple[str, int], pd.DataFrame]:
        """By row and seed, the table of `history.csv`."""
        paths = {key: record["folder"] / HISTORY for key, record in self.complete.items()}
        return {key: read_csv(path) for key, path in paths.items() if path.exists()}

    @cached_property
    def robustness(self) -> pd.DataFrame:
        """`robustness.csv` of all runs that have one, with the columns `row` and `seed`; empty where none has."""
        return self._stacked(ROBUSTNESS, self.complete)

    @cached_property
    def counts(self) -> pd.DataFrame:
        """`counts.csv` of all runs, like `robustness`."""
        return self._stacked(COUNTS, self.complete)

    @cached_property
    def thresholds(self) -> pd.DataFrame:
        """`thresholds.csv` of all runs, like `robustness`."""
        return self._stacked(THRESHOLDS, self.complete)

    @cached_property
    def found(self) -> pd.DataFrame:
        """`per_image.csv` of the runs that counted objects, like `robustness`."""
        return self._stacked(PER_IMAGE, {key: record for key, record in self.complete.items() if "lengths" in record})

    @property
    def solver_health(self) -> dict[str, dict[int, dict[str, list[float]]]]:
        """`reproduce.evaluation.solver_health.by_epoch` of each trained ODE-block, by block and seed."""
        blocks = {}
        for (row, seed), record in self.complete.items():
            for block, health in record.get("solver", {}).items():
                if "training" in health:  # earlier records lack it
                    blocks.setdefault(f"{row}, {block}", {})[seed] = health["training"]
        return blocks

    @property
    def data_line(self) -> str:
        """What data this was, in one line."""
        if not self.table.needs_data:
            return "no images are needed: networks as built"
        name, digest = self.dataset["name"], self.dataset["digest"][:12]
        seeds = ", ".join(map(str, self.seeds)) or "none that gave results"
        return f"data: {name} ({_ROLES[self.dataset['role']]}; digest {digest}), preset {self.preset}, seeds {seeds}"

    @property
    def pictures_title(self) -> str:
        """Above pictures of single images, which are one seed's."""
        return f"{self.table.title}\n{self.data_line}; shown: the first seed's"

    def _first_files(self, name: str) -> dict[str, Path]:
        """By row with pairs, the file of a name of the first seed that has it."""
        found = {}
        for (row, _), record in self.complete.items():
            if row in self.table.rows_in_pairs and (path := record["folder"] / name).exists():
                found.setdefault(row, path)
        return found

    @staticmethod
    def _stacked(file: str, records: dict[tuple[str, int], dict]) -> pd.DataFrame:
        tables = [
            read_csv(record["folder"] / file).assign(row=row, seed=seed)
            for (row, seed), record in records.items()
            if (record["folder"] / file).exists()
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


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
    newest_of = {
        (record["row"], record["seed"]): record
        for record in fitting
        if record["dataset"]["digest"] == newest["dataset"]["digest"] and record["preset"] == newest["preset"]
    }
    seeds = sorted({seed for _, seed in newest_of})
    in_order = [(row.name, seed) for row in table.rows for seed in seeds if (row.name, seed) in newest_of]
    return Comparison(table, newest["dataset"], newest["preset"], {key: newest_of[key] for key in in_order})


def groups(records: Iterable[dict]) -> list[tuple[str, str]]:
    """Dataset and preset of each comparison that records give."""
    return sorted({(record["dataset"]["name"], record["preset"]) for record in records})


def _name(run: tuple[str, int]) -> str:
    row, seed = run
    return f"{row} seed {seed}"


def _unlike(table: Table, record: dict, other: dict) -> list[str]:
    """Settings that both records have, with other values, and that neither of their rows changes."""
    of_rows = {name for row in table.rows if row.name in (record["row"], other["row"]) for name in row.changes}
    values, others = ({name: each["value"] for name, each in run["recipe"].items()} for run in (record, other))
    shared = (values.keys() & others.keys()) - of_rows
    return sorted(name for name in shared if values[name] != others[name])
