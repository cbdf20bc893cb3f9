"""Figures of counted cells (Morelli et al. 2021, Figures 6 to 11). Each function draws a comparison into a PNG file."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reproduce.compare import Comparison
from reproduce.figures import PAPER, style
from reproduce.object_pictures import draw
from reproduce.pictures import chosen_images

ARTEFACT = "artefact"


def objects(comparison: Comparison, path: Path) -> None:
    """Probabilities and outcomes in the worst, quartile and best images, and in the worst one with an artefact."""
    metric, found = comparison.table.ranked_by, comparison.found
    images = chosen_images(comparison.per_image, metric)
    striped = found[found.kind == ARTEFACT].groupby("id")[metric].mean().dropna()
    if not striped.empty:
        images |= {"worst with an artefact": striped.idxmin()}
    rows = {row: comparison.objects[row] for row in comparison.table.pairs[0] if row in comparison.objects}
    draw(images, rows, f"{comparison.table.title}\n{comparison.data_line}", path)


def thresholds(comparison: Comparison, path: Path) -> None:
    """F1 by threshold on the images that it is chosen on, mean over seeds of each row; the highest is marked."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for row, of_row in comparison.thresholds.groupby("row", sort=False):
        means = of_row.groupby("threshold").f1.mean()
        axes.plot(means.index, means, label=row, ms=3, **style(comparison, row))
        axes.plot(means.idxmax(), means.max(), "o", ms=11, mfc="none", color=style(comparison, row)["color"])
    axes.set(xlabel="threshold of the probability", ylabel="F1")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize="small")
    figure.suptitle(comparison.table.title)
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=110, format="png")


def counts(comparison: Comparison, path: Path) -> None:
    """Errors of counts of the first row: against the count, how often, and false against missed cells of an image."""
    first = comparison.found.row.iloc[0]
    found = comparison.found[comparison.found.row == first]
    error, shown = found.predicted - found.truth, style(comparison, first) | {"linestyle": "", "alpha": 0.5, "ms": 4}
    figure = Figure(figsize=(13, 4.5), layout="constrained")
    against, often, cancel = figure.subplots(1, 3)
    against.plot((found.predicted + found.truth) / 2, error, **shown)
    for line in (error.mean() - 1.96 * error.std(), error.mean(), error.mean() + 1.96 * error.std()):
        against.axhline(line, color=PAPER, linewidth=1, linestyle="-" if line == error.mean() else "--")
    against.set(xlabel="mean of counted and true, cells", ylabel="counted - true, cells")
    often.hist(error, bins=np.arange(error.min() - 0.5, error.max() + 1), color=style(comparison, first)["color"])
    often.set(xlabel="counted - true, cells", ylabel="images")
    missed, false = found["false_negatives.optimal"], found["false_positives.optimal"]
    spread = np.random.default_rng(0).uniform(-0.15, 0.15, (2, len(found)))  # equal points apart
    cancel.plot(missed + spread[0], false + spread[1], **shown)
    most = max(missed.max(), false.max(), 1)
    cancel.plot([0, most], [0, most], color=PAPER, linewidth=1, label="they cancel in the count")
    cancel.set(xlabel="missed cells of an image", ylabel="false cells of an image")
    cancel.legend(fontsize="small")
    wrong, net = (false + missed).sum(), np.abs(error).sum()
    share = f"{wrong} false or missed cells, {net} wrong in counts" if wrong else "no false or missed cell"
    cancel.set_title(f"{first}: {share}", fontsize="small")
    for axes in (against, often, cancel):
        axes.grid(alpha=0.3)
    figure.suptitle(f"Counts of {first} (lines: mean error and 1.96 standard deviations). {comparison.table.title}")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=100, format="png")


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
