"""A comparison as text, CSV, Markdown and JSON."""

import io
import json
import shutil
import statistics
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as Grid

from nodes_unet.files import replacing, write_text
from reproduce.comparison.cells import Cell
from reproduce.comparison.compare import Comparison
from reproduce.comparison.equivalence import seeds_needed
from reproduce.comparison.paired import PairedDifference
from reproduce.evaluation.count_errors import METHODS, mean_absolute_errors
from reproduce.figures import counting, tables
from reproduce.records import slug
from reproduce.table import SIZE

FORMATS = ("text", "csv", "md", "json")
_WATCHED = "epoch, learning rate and end of each training were chosen on the test images (monitor = test): too good"
_WIDE = 200  # columns of text, where there is no terminal
_HEADING = 12  # columns of text that a line of a heading may take where its cells are narrower


def render(comparison: Comparison, form: str) -> str:
    """The comparison in one of `FORMATS`."""
    return {"text": _text, "csv": _csv, "md": _markdown, "json": _json}[form](comparison)


def report_folder(comparison: Comparison, store: Path) -> Path:
    """Where tables and figures of a comparison are kept below a run store."""
    return store / comparison.table.id / f"{slug(comparison.dataset['name'])}-{comparison.preset}"


def write_report(comparison: Comparison, folder: Path) -> list[str]:
    """Writes tables and figures and returns their names.

    Always table.csv, table.md, table.json and figure.png; where networks were trained curves.png; for a table with
    pairs of rows per_image.png and segmentations.png, and attention.png where these have gates; where images were
    perturbed robustness.csv and .png, where cells were counted counts.csv and .png, or object_counts.png, objects.png,
    cancelling.png, average_precision.png, weight_maps.png, artefacts.png where images have some, thresholds.png and
    by_kind.csv, and where an ODE-block was trained solver_health.png.

    Raises:
        InputError: a file cannot be written.
    """
    texts = {f"table.{form}": render(comparison, form) for form in ("csv", "md", "json")}
    drawings = {"figure.png": getattr(tables, comparison.table.figure)}
    if comparison.paired:
        drawings["per_image.png"] = tables.per_image
    if comparison.predictions:
        drawings["segmentations.png"] = tables.segmentations
    if comparison.attention:
        drawings["attention.png"] = tables.attention
    if comparison.histories:
        drawings["curves.png"] = tables.curves
    if not comparison.robustness.empty:
        texts["robustness.csv"] = _robustness(comparison.robustness)
        drawings["robustness.png"] = tables.robustness
    if not comparison.counts.empty:
        texts["counts.csv"] = _count_errors(comparison.counts)
        drawings["counts.png"] = tables.counts
    if not comparison.thresholds.empty:
        texts["by_kind.csv"] = counting.by_kind(comparison.found)
        drawings |= {"thresholds.png": counting.thresholds, "object_counts.png": counting.counts}
        drawings |= {"cancelling.png": counting.cancelling, "average_precision.png": counting.average_precision}
    if comparison.objects:
        drawings["objects.png"] = counting.objects
        if comparison.weight_map:
            drawings["weight_maps.png"] = counting.weight_maps
        if counting.has_artefacts(comparison):
            drawings["artefacts.png"] = counting.artefacts
    if comparison.solver_health:
        drawings["solver_health.png"] = tables.solver_health
    for name, text in texts.items():
        write_text(folder / name, text)
    for name, draw in drawings.items():
        with replacing(folder / name) as temporary:
            draw(comparison, temporary)
    return [*texts, *drawings]


def _robustness(robustness: pd.DataFrame) -> str:
    by_level = robustness.groupby(["perturbation", "level", "row"], sort=False)
    table = (100 * by_level[["pa", "miou"]].mean()).join(by_level["seed"].count().rename("seeds"))
    return table.reset_index().to_csv(index=False, float_format="%.2f", lineterminator="\n")


def _count_errors(counts: pd.DataFrame) -> str:
    errors = mean_absolute_errors(counts, ["class", "row"])
    seeds = counts.groupby(["class", "row"], sort=False)["seed"].nunique().rename("seeds")
    return errors.join(seeds).reset_index().to_csv(index=False, float_format="%.3f", lineterminator="\n")


def _text(comparison: Comparison) -> str:
    out = io.StringIO()
    console = Console(file=out, width=shutil.get_terminal_size(fallback=(_WIDE, 24)).columns)
    lines = _lines(comparison)
    by_row, by_metric = _grids(console, lines), _grids(console, list(zip(*lines, strict=True)))
    console.print(f"{comparison.table.title}: paper / ours", soft_wrap=True, highlight=False)
    for grid in min(by_row, by_metric, key=len):
        console.width = max(console.width, _width(console, grid))
        console.print(grid)
    return out.getvalue() + "\n".join(_notes(comparison)) + "\n"


def _lines(comparison: Comparison) -> list[list[str]]:
    """Headings, and a line of cells for each row."""
    headings = ["row", *(metric.title for metric in comparison.table.metrics)]
    return [headings, *([cells[0].row, *map(_both, cells)] for cells in comparison.cells)]


def _grids(console: Console, lines: Sequence[Sequence[str]]) -> list[Grid]:
    """Grids of headings and rows, with as many columns as fit beside the first each."""
    first, *columns = zip(*lines, strict=True)
    parts = [[]]
    for column in columns:
        if parts[-1] and _width(console, _grid([first, *parts[-1], column])) > console.width:
            parts.append([])
        parts[-1].append(column)
    return [_grid([first, *part]) for part in parts]


def _grid(columns: Sequence[Sequence[str]]) -> Grid:
    """A grid in which only headings are broken, between words."""
    grid = Grid()
    for heading, *cells in columns:
        lines = textwrap.wrap(heading, max(_HEADING, *map(len, cells)))
        grid.add_column("\n".join(lines), justify="right" if grid.columns else "left", no_wrap=True)
    for row in zip(*(cells for _, *cells in columns), strict=True):
        grid.add_row(*row)
    return grid


def _width(console: Console, grid: Grid) -> int:
    """Columns of text that a grid takes."""
    return Measurement.get(console, console.options.update(max_width=10_000), grid).maximum


def _markdown(comparison: Comparison) -> str:
    headings, *rows = _lines(comparison)
    body = "\n".join(f"| {' | '.join(line)} |" for line in [headings, ["---"] * len(headings), *rows])
    notes = "\n".join(f"- {note}" for note in _notes(comparison))
    return f"### {comparison.table.title}\n\nPublished / ours.\n\n{body}\n\n{notes}\n"


def _csv(comparison: Comparison) -> str:
    return pd.DataFrame(_flat(comparison)).to_csv(index=False, lineterminator="\n")


def _json(comparison: Comparison) -> str:
    content = {
        "table": comparison.table.id,
        "title": comparison.table.title,
        "dataset": comparison.dataset,
        "preset": comparison.preset,
        "seeds": comparison.seeds,
        "machine": comparison.machine,
        "watched_test": comparison.watched_test,
        "failures": comparison.failures,
        "paired": [asdict(difference) for difference in comparison.paired],
        "cells": _flat(comparison),
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _flat(comparison: Comparison) -> list[dict]:
    return [
        {
            "row": cell.row,
            "metric": cell.metric.label,
            "title": cell.metric.title,
            "published": cell.printed,
            "mean": cell.mean,
            "spread": cell.spread,
            "seeds": len(cell.values),
            "margin": cell.metric.margin,
            "verdict": cell.verdict,
        }
        for cells in comparison.cells
        for cell in cells
    ]


def _both(cell: Cell) -> str:
    return f"{cell.printed or '-'} / {_ours(cell)}" if cell.metric.published else _ours(cell)


def _ours(cell: Cell) -> str:
    if cell.mean is None:
        return cell.verdict
    shown = f"{cell.mean:,.{cell.metric.digits}f}"
    if cell.spread is None or not cell.spread:
        return shown
    return f"{shown} ± {cell.spread:.{cell.metric.digits}f}"


def _notes(comparison: Comparison) -> list[str]:
    counts = Counter(cell.verdict for cells in comparison.cells for cell in cells if cell.printed)
    verdicts = ", ".join(f"{count} {name}" for name, count in counts.items())
    seeds = len(comparison.seeds)
    if not comparison.table.needs_data:
        said = f"verdicts on published numbers: {verdicts}"
        return [comparison.data_line, said, *comparison.table.notes, *_failures(comparison)]
    spread = "mean ± standard deviation over seeds" if seeds > 1 else "one seed, so no spread: an anecdote"
    return [
        comparison.data_line,
        f"verdicts on published numbers: {verdicts or 'none published'}; {spread}; times on {comparison.machine}",
        *_rules(comparison),
        *_of_labels(comparison),
        *_best_was_last(comparison),
        *_fewer_seeds(comparison),
        *([_WATCHED] if comparison.watched_test else ()),
        *_exact(comparison),
        *comparison.table.notes,
        *(f"{row.name} not run: {row.not_run}" for row in comparison.table.rows if not row.network),
        *_failures(comparison),
        *(
            f"{run}: a solve failed on {images} test images, which count as wrong in every pixel"
            for run, images in comparison.failed_solves.items()
        ),
        *(
            f"{run} has other settings than the newest run ({', '.join(names)}): run it again"
            for run, names in comparison.unlike_settings.items()
        ),
        *(_in_words(difference, comparison.table.per_image) for difference in comparison.paired),
        *(_counts_in_words(comparison.counts) if not comparison.counts.empty else ()),
        *_seeds_in_words(comparison),
    ]


def _seeds_in_words(comparison: Comparison) -> list[str]:
    """How many seeds would show the paper's differences, by the spread measured here, for the first drawn quality."""
    drawn = [cell for cells in comparison.cells for cell in cells if cell.metric.label == comparison.table.drawn[0]]
    spreads = [cell.spread for cell in drawn if cell.spread is not None]
    printed = {cell.row: float(cell.printed) for cell in drawn if cell.printed}
    pairs = comparison.table.pairs or [(row, comparison.table.rows[0].name) for row in list(printed)[1:]]
    apart = {pair: printed[pair[0]] - printed[pair[1]] for pair in pairs if set(pair) <= printed.keys()}
    if not spreads or not any(apart.values()):
        return []
    spread = statistics.fmean(spread**2 for spread in spreads) ** 0.5
    needed = {pair: seeds_needed(spread, difference) for pair, difference in apart.items() if difference}
    shown = ", ".join(
        f"{first} - {second} ({apart[first, second]:+.2f}) {n or 'over 1000'}" for (first, second), n in needed.items()
    )
    metric = drawn[0].metric
    return [
        f"seeds a row to see the paper's differences of {metric.title} at the spread over seeds measured here "
        f"({spread:.{metric.digits}f}), with a t test at 5 % and a power of 80 %: {shown}"
    ]


def _rules(comparison: Comparison) -> list[str]:
    """What the reader of the data converted and chose, where records say so."""
    rules = comparison.dataset.get("rules")
    return [f"of the data: {'; '.join(f'{what}: {rule}' for what, rule in rules.items())}"] if rules else []


def _of_labels(comparison: Comparison) -> list[str]:
    """What the networks' size keeps of the labels, where that is not all."""
    if all(share == 1 for share in comparison.of_labels.values()):
        return []
    shares = ", ".join(f"{title} {100 * share:.2f} %" for title, share in comparison.of_labels.items())
    return [f"the labels, brought to the networks' size and back as predictions are, have {shares}"]


def _best_was_last(comparison: Comparison) -> list[str]:
    """The rows that might be better after more epochs."""
    rows = ", ".join(f"{row} {last} of {runs}" for row, (last, runs) in comparison.best_was_last.items())
    return [f"trainings whose lowest val_loss came in the last epoch that the recipe allows: {rows}"] if rows else []


def _fewer_seeds(comparison: Comparison) -> list[str]:
    """The rows that have results of some of the seeds only."""
    seeds = {cells[0].row: max(len(cell.values) for cell in cells) for cells in comparison.cells}
    fewer = [f"{row} {number}" for row, number in seeds.items() if 0 < number < len(comparison.seeds)]
    return [f"fewer seeds than the others: {', '.join(fewer)}"] if fewer else []


def _exact(comparison: Comparison) -> list[str]:
    """The cells that each verdict on digits was given to."""
    by_verdict = {}
    for cell in (cell for cells in comparison.cells for cell in cells):
        if cell.metric.depends_on == SIZE and cell.printed and cell.mean is not None:
            by_verdict.setdefault(cell.verdict, []).append(f"{cell.row}, {cell.metric.title}")
    return [f"{verdict}: {'; '.join(cells)}" for verdict, cells in by_verdict.items()]


def _failures(comparison: Comparison) -> list[str]:
    return [f"{row} failed: {error}" for row, error in comparison.failures.items()]


def _counts_in_words(counts: pd.DataFrame) -> list[str]:
    return [
        f"{row}, {name} cells an image, mean absolute error: "
        + ", ".join(f"{title} {errors[method]:.2f}" for method, title in METHODS.items())
        for (row, name), errors in mean_absolute_errors(counts, ["row", "class"]).iterrows()
    ]


def _in_words(difference: PairedDifference, titles: Mapping[str, str]) -> str:
    intervals = {
        f"{difference.images} images": difference.over_images,
        f"{difference.seeds} seeds": difference.over_seeds,
    }
    known = [f"95 % over {what} {ends[0]:+.2f} to {ends[1]:+.2f}" for what, ends in intervals.items() if ends]
    start = f"{difference.first} - {difference.second}, {titles[difference.metric]} per image"
    return "; ".join([f"{start}: {difference.mean:+.2f} points", *known, f"Wilcoxon p = {difference.wilcoxon_p:.2g}"])
