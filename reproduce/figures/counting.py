"""Figures of counted cells (Morelli et al. 2021, Figures 3, 4, 6 to 11). Each function draws a comparison to PNG."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nodes_unet.data.targets import apart
from nodes_unet.weight_maps import weight_map
from reproduce.comparison.compare import Comparison
from reproduce.evaluation.found import read_objects
from reproduce.evaluation.objects import ARTEFACT, scaled_weights
from reproduce.figures.objects import draw
from reproduce.figures.segmentations import chosen_images, sheet
from reproduce.figures.tables import PAPER, style

SHOWN_ROWS = 2


def objects(comparison: Comparison, path: Path) -> None:
    """Probabilities and outcomes in the worst, quartile and best images with cells, of the first rows that have any."""
    rows = dict(list(comparison.objects.items())[:SHOWN_ROWS])
    images = chosen_images(with_cells(comparison.per_image), comparison.table.ranked_by)
    draw(images, rows, _title(comparison), path)


def _title(comparison: Comparison) -> str:
    measure = comparison.table.per_image[comparison.table.ranked_by]
    return f"{comparison.pictures_title}\nworst to best: by {measure}, mean of all rows and seeds"


def with_cells(per_image: Mapping[str, Mapping[int, pd.DataFrame]]) -> dict[str, dict[int, pd.DataFrame]]:
    """The images in which there are cells, by row and seed; where none has any, all of them."""
    return {
        row: {seed: table[table.truth > 0] if table.truth.any() else table for seed, table in by_seed.items()}
        for row, by_seed in per_image.items()
    }


def has_artefacts(comparison: Comparison) -> bool:
    """Whether there are images with artefacts, and rows to draw in them."""
    return (comparison.found.kind == ARTEFACT).any() and bool(_artefact_rows(comparison))


def artefacts(comparison: Comparison, path: Path) -> None:
    """The worst, quartile and best of the images with artefacts (Figure 10)."""
    striped = {
        row: {seed: table[table.kind == ARTEFACT] for seed, table in by_seed.items()}
        for row, by_seed in comparison.per_image.items()
    }
    images = chosen_images(striped, comparison.table.ranked_by)
    draw(images, _artefact_rows(comparison), _title(comparison), path)


def _artefact_rows(comparison: Comparison) -> dict[str, tuple[Path, float]]:
    return {row: comparison.objects[row] for row in comparison.table.artefact_rows if row in comparison.objects}


def weight_maps(comparison: Comparison, path: Path) -> None:
    """Weights in the test image with most cells: of its largest cell, their sum, and as trained (Figures 3 and 4)."""
    options, scale, separate = comparison.weight_map
    trained = scaled_weights(options, scale)
    file, _ = next(iter(comparison.objects.values()))
    found = read_objects(file, comparison.found.loc[comparison.found.truth.idxmax(), "id"])
    bare = {"sigma": trained["sigma"], "cell_weight": 1, "background_weight": 1}
    truth = apart(found.truth) if separate else found.truth
    largest = np.bincount(truth.ravel())[1:].argmax() + 1 if truth.any() else 0
    maps = {
        "of the largest cell": weight_map(truth == largest, **bare),
        "summed over cells": weight_map(truth, **bare),
        "as trained": weight_map(truth, **trained),
    }
    figure, ((original, *panels),) = sheet([found.image], 1 + len(maps))
    original.imshow(found.image)
    original.set_title("image", fontsize="small")
    for axes, (what, weights) in zip(panels, maps.items(), strict=True):
        shown = axes.imshow(weights, cmap="cividis", vmin=0)
        axes.set_title(f"weights {what}", fontsize="small")
        figure.colorbar(shown, ax=axes, label="weight of a pixel", location="bottom", shrink=0.8)
    figure.suptitle(f"{comparison.table.title}\n{comparison.data_line}", fontsize="medium")
    figure.savefig(path, dpi=120, format="png", bbox_inches="tight")


def thresholds(comparison: Comparison, path: Path) -> None:
    """F1 by threshold on the images that it is chosen on, mean over seeds of each row; each seed's choice is marked."""
    figure, axes = _frame()
    for row, of_row in comparison.thresholds.groupby("row", sort=False):
        means = of_row.groupby("threshold").f1.mean()
        axes.plot(means.index, means, label=row, ms=3, **style(comparison, row))
        chosen = [record["metrics"]["threshold"] for (of, _), record in comparison.complete.items() if of == row]
        at_chosen = np.interp(chosen, means.index, means)
        axes.plot(chosen, at_chosen, "o", ms=11, mfc="none", color=style(comparison, row)["color"])
    axes.set(xlabel="threshold of the probability", ylabel="F1")
    _save_by_row(figure, comparison, "lines: means over seeds; rings: the threshold of each seed", path)


def average_precision(comparison: Comparison, path: Path) -> None:
    """Average precision by the IoU from which a cell counts as found, each seed of each row and the mean over them."""
    columns = [name for name in comparison.found if name.startswith("ap")]
    overlaps = [int(name.removeprefix("ap")) / 100 for name in columns]
    figure, axes = _frame()
    for row, of_row in comparison.found.groupby("row", sort=False):
        by_seed, looks = of_row.groupby("seed")[columns].mean(), style(comparison, row)
        axes.plot(overlaps, by_seed.mean(), label=row, ms=4, **looks)
        axes.plot(overlaps, by_seed.T, "_", ms=8, color=looks["color"], alpha=0.5)
    axes.set(xlabel="least IoU of a cell and what was found", ylabel="average precision", xticks=overlaps, ylim=(0, 1))
    _save_by_row(figure, comparison, "lines: means over images and seeds; dashes: each seed", path)


def _frame() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    return figure, axes


def _save_by_row(figure: Figure, comparison: Comparison, marks: str, path: Path) -> None:
    """Saves curves by row with a legend of rows and a line about their marks."""
    figure.legend(loc="outside right center", fontsize="small")
    figure.suptitle(f"{comparison.table.title}\n{marks}", fontsize="medium")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=110, format="png")


def counts(comparison: Comparison, path: Path) -> None:
    """Errors of counts of the first row: against the count (Bland-Altman), and how often (Figure 9)."""
    first, found, shown = _first_row(comparison)
    error = found.predicted - found.truth
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    against, often = figure.subplots(1, 2)
    against.plot((found.predicted + found.truth) / 2, error, **shown)
    for line in (error.mean() - 1.96 * error.std(), error.mean(), error.mean() + 1.96 * error.std()):
        against.axhline(line, color=PAPER, linewidth=1, linestyle="-" if line == error.mean() else "--")
    against.set(xlabel="mean of counted and true, cells", ylabel="counted - true, cells")
    often.hist(error, bins=np.arange(error.min() - 0.5, error.max() + 1), color=style(comparison, first)["color"])
    often.set(xlabel="counted - true, cells", ylabel="images")
    for axes in (against, often):
        axes.grid(alpha=0.3)
    figure.suptitle(f"Counts of {first} (lines: mean error, 1.96 standard deviations)\n{comparison.table.title}")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=100, format="png")


def cancelling(comparison: Comparison, path: Path) -> None:
    """False against missed cells of each image of the first row, and what is left of them in the counts (section 6)."""
    first, found, shown = _first_row(comparison)
    error = found.predicted - found.truth
    figure = Figure(figsize=(6, 5), layout="constrained")
    cancel = figure.subplots()
    missed, false = found["false_negatives.optimal"], found["false_positives.optimal"]
    spread = np.random.default_rng(0).uniform(-0.15, 0.15, (2, len(found)))  # equal points apart
    cancel.plot(missed + spread[0], false + spread[1], **shown)
    most = max(missed.max(), false.max(), 1)
    cancel.plot([0, most], [0, most], color=PAPER, linewidth=1, label="they cancel in the count")
    cancel.set(xlabel="missed cells of an image (points moved apart)", ylabel="false cells of an image (likewise)")
    cancel.legend(fontsize="small")
    wrong, net = (false + missed).sum(), np.abs(error).sum()
    share = f"{wrong} false or missed cells, {net} left in counts" if wrong else "no false or missed cell"
    cancel.set_title(f"{first}, all seeds together: {share}", fontsize="small")
    cancel.grid(alpha=0.3)
    figure.suptitle(f"Do false and missed cells cancel?\n{comparison.table.title}", fontsize="medium")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=100, format="png")


def _first_row(comparison: Comparison) -> tuple[str, pd.DataFrame, dict]:
    """Name, lines of images and style of points of the first row."""
    first = comparison.found.row.iloc[0]
    shown = style(comparison, first) | {"linestyle": "", "alpha": 0.5, "ms": 4}
    return first, comparison.found[comparison.found.row == first], shown


def by_kind(found: pd.DataFrame) -> str:
    """Mean absolute error, false and missed cells an image by row and kind of image, as CSV."""
    lines = found.assign(
        mae=(found.predicted - found.truth).abs(),
        false=found["false_positives.optimal"],
        missed=found["false_negatives.optimal"],
        kind=found.kind.fillna("plain"),
    )
    by_row = lines.groupby(["row", "kind"], sort=False)[["mae", "false", "missed"]].mean()
    images = lines.groupby(["row", "kind"], sort=False).id.nunique().rename("images")
    return by_row.join(images).reset_index().to_csv(index=False, float_format="%.3f", lineterminator="\n")
