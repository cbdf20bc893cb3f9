"""Cells of a table: the published number and ours."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reproduce.comparison.verdict import verdict
from reproduce.published import Published, find
from reproduce.records import COMPLETE, FAILED
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


def cell(table: Table, row: Row, metric: Metric, by_row: Mapping[str, Sequence[dict]]) -> Cell:
    """A row's cell in a metric's column, of the records of each row by its name."""
    runs = by_row[row.name]
    values = _values(runs, metric)
    if metric.relative_to:
        reference = _values(by_row.get(metric.relative_to, ()), metric)
        values = tuple(metric.scale * value / statistics.fmean(reference) for value in values) if reference else ()
    printed = _printed(table, row, metric) if metric.published else None
    role = runs[0]["dataset"]["role"] if runs else ""
    return Cell(row.name, metric, printed, values, verdict(metric, printed, values, role, _all_failed(runs)))


def _all_failed(runs: Sequence[dict]) -> bool:
    return bool(runs) and all(record["status"] == FAILED for record in runs)


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
