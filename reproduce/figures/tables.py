"""Figures of tables. Each function draws a comparison into a PNG file."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from nodes_unet.data.perturbations import UNITS
from reproduce.comparison.cells import Cell
from reproduce.comparison.compare import Comparison
from reproduce.comparison.paired import PairedDifference
from reproduce.evaluation.count_errors import METHODS
from reproduce.evaluation.solver_health import MEASURES
from reproduce.figures.attention_maps import draw as draw_attention
from reproduce.figures.segmentations import chosen_images, draw
from reproduce.records import PER_IMAGE, read_csv

OURS, PAPER = "#c0392b", "#34495e"
# Okabe & Ito's, which colour-blind readers tell apart; with the markers, no two of 56 rows look the same
ROWS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
MARKERS = "os^vDPX"
LINES = "-", "--", ":", "-.", (0, (7, 2, 1, 2, 1, 2))  # of seeds
MOST_NAMES, LONGEST_NAME = 25, 16  # of images below a panel
LEAST_SPAN = 5  # points of MIoU: less would look like much


def by_position(comparison: Comparison, path: Path) -> None:
    """Accuracy and time by position of the ODE-block, ours and the paper's; the U-Net without one as a line across."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    accuracy, time = figure.subplots(1, 2)
    _panel(accuracy, comparison, "miou.pooled")
    _panel(time, comparison, "seconds_20.batch1")
    time.set_yscale("log")
    time.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_formatter=NullFormatter())
    accuracy.legend(fontsize="small")
    figure.suptitle(comparison.table.title)
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=120, format="png")


def by_row(comparison: Comparison, path: Path) -> None:
    """The metrics that the table names, of each row: every seed, their mean and standard deviation, and the paper's."""
    metrics = comparison.table.drawn
    columns = [_column(comparison, metric) for metric in metrics]
    drawn = [[cell for cell in column if cell.mean is not None] for column in columns]
    rows = list(dict.fromkeys(cell.row for cells in drawn for cell in cells))
    figure = Figure(figsize=(10, 0.4 * len(rows) + 1.8), layout="constrained")
    for axes, column, cells in zip(figure.subplots(1, len(metrics), sharey=True), columns, drawn, strict=True):
        for cell in cells:
            place, shown = rows.index(cell.row), style(comparison, cell.row)
            axes.errorbar(cell.mean, place, xerr=cell.spread or 0, capsize=3, **shown)
            if cell.spread is not None:
                axes.plot(cell.values, [place + 0.25] * len(cell.values), linestyle="", ms=4, alpha=0.6, **shown)
            if cell.printed:
                axes.plot(float(cell.printed), place, "|", color=PAPER, ms=16, mew=2)
        axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=column[0].metric.title)
        axes.margins(x=0.1, y=0.1)
        axes.grid(alpha=0.3)
    figure.axes[0].invert_yaxis()
    figure.suptitle(comparison.table.title)
    several = "large: mean and standard deviation over seeds; small: each seed; " if len(comparison.seeds) > 1 else ""
    marks = f"{several}upright line: the paper, as printed"
    figure.supxlabel(f"{marks}\n{comparison.data_line}", fontsize="x-small")
    figure.savefig(path, dpi=120, format="png")


def first_metric(comparison: Comparison, path: Path) -> None:
    """The first metric of each row, ours as bars and the printed ones as marks."""
    first = comparison.table.metrics[0]
    cells = [cell for cell in _column(comparison, first.label) if cell.mean is not None]
    figure = Figure(figsize=(9, 0.6 * len(cells) + 1.8), layout="constrained")
    axes, places = figure.subplots(), range(len(cells))
    axes.barh(places, [cell.mean for cell in cells], color=OURS, label="ours")
    printed = [(float(cell.printed), place) for place, cell in zip(places, cells, strict=True) if cell.printed]
    if printed:
        axes.plot(*zip(*printed, strict=True), "D", color=PAPER, label="paper, as printed")
    axes.set(yticks=places, yticklabels=[cell.row for cell in cells], xlabel=first.title)
    axes.invert_yaxis()
    axes.legend(fontsize="small")
    figure.suptitle(comparison.table.title)
    figure.savefig(path, dpi=120, format="png")


def per_image(comparison: Comparison, path: Path) -> None:
    """The table's measures of each test image, means over seeds, a line a row (Li et al. 2021, Figures 9 and 10).

    Below, the differences between rows, with their intervals over images and over seeds.
    """
    pairs = dict.fromkeys((difference.first, difference.second) for difference in comparison.paired)
    figure = Figure(figsize=(11, 5.5 + 0.4 * len(pairs)), layout="constrained")
    shape = {"height_ratios": [4, 0.6 + 0.4 * len(pairs)]}
    panels, differences = figure.subplots(2, len(comparison.table.per_image), gridspec_kw=shape)
    for axes, (metric, title) in zip(panels, comparison.table.per_image.items(), strict=True):
        for row, by_seed in comparison.per_image.items():
            if by_seed:
                means = 100 * pd.concat(by_seed.values()).groupby("id", sort=True)[metric].mean()
                axes.plot(range(1, len(means) + 1), means, label=row, **style(comparison, row))
        axes.set(xlabel="test image, in the order of the names", ylabel=f"{title} %")
        _name_images(axes, means.index)
        axes.grid(alpha=0.3)
    _legend(figure, axes)
    for axes, (metric, title) in zip(differences, comparison.table.per_image.items(), strict=True):
        _differences(axes, [each for each in comparison.paired if each.metric == metric], title)
    differences[-1].set(yticklabels=[])
    figure.suptitle(comparison.table.title)
    bars = "above: means over seeds; below: mean difference, 95 % over images (thick) and over seeds (thin)"
    figure.supxlabel(f"{bars}\n{comparison.data_line}", fontsize="small")
    figure.savefig(path, dpi=120, format="png")


def _name_images(axes: Axes, names: Sequence[str]) -> None:
    """Names below the places 1, 2, ... of images, or these numbers where names take too much room."""
    if len(names) <= MOST_NAMES and max(map(len, names)) <= LONGEST_NAME:
        axes.set_xticks(range(1, len(names) + 1), names, rotation=90, fontsize="x-small")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _differences(axes: Axes, paired: Sequence[PairedDifference], title: str) -> None:
    """Mean differences with intervals over images (thick) and over seeds (thin)."""
    for place, each in enumerate(paired):
        for interval, drawn in ((each.over_images, {"linewidth": 5, "alpha": 0.4}), (each.over_seeds, {})):
            if interval:
                axes.plot(interval, [place, place], color=PAPER, solid_capstyle="butt", **drawn)
        axes.plot(each.mean, place, "|", color=OURS, ms=14, mew=2)
    axes.axvline(0, color="black", linewidth=0.8)
    names = [f"{each.first} - {each.second}" for each in paired]
    axes.set(yticks=range(len(paired)), yticklabels=names, ylim=(len(paired) - 0.5, -0.5))
    axes.set(xlabel=f"difference of {title}, points")
    axes.grid(alpha=0.3, axis="x")


def curves(comparison: Comparison, path: Path) -> None:
    """Loss on training and validation images by epoch (Abbas & Abdulmunim 2023, Figure 6): a panel a row, lines a seed.

    On a logarithmic scale where no loss is negative, as the combo loss can be.
    """
    rows = list(dict.fromkeys(row for row, _ in comparison.histories))
    figure, panels = _grid(len(rows), 4, sharex=True, sharey=True)
    watched = "test" if comparison.watched_test else "validation"
    lines = {"loss": ("training images", "--"), "val_loss": (f"{watched} images", "-")}
    for axes, row in zip(panels, rows, strict=True):
        for (_, seed), history in ((key, each) for key, each in comparison.histories.items() if key[0] == row):
            drawn = style(comparison, row) | {"marker": MARKERS[seed % len(MARKERS)]}
            for column, (_, dashes) in lines.items():
                axes.plot(history.epoch, history[column], ms=3, alpha=0.8, linestyle=dashes, **drawn)
        axes.set_title(row, fontsize="medium")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    if all((history[list(lines)] > 0).all(axis=None) for history in comparison.histories.values()):
        axes.set_yscale("log")
    handles = [Line2D([], [], color="black", label=title, linestyle=dashes) for title, dashes in lines.values()]
    for seed in dict.fromkeys(seed for _, seed in comparison.histories):
        mark = {"marker": MARKERS[seed % len(MARKERS)], "ms": 4, "linestyle": ""}
        handles.append(Line2D([], [], color="black", label=f"seed {seed}", **mark))
    figure.legend(handles=handles, loc="outside right center", fontsize="small")
    figure.supylabel("loss")
    figure.suptitle(comparison.table.title)
    figure.supxlabel(f"epoch\n{comparison.data_line}", fontsize="small")
    figure.savefig(path, dpi=110, format="png")


def segmentations(comparison: Comparison, path: Path) -> None:
    """Original, preprocessed, label and predictions of the worst, quartile and best images (Figures 7 and 8)."""
    metric = comparison.table.ranked_by
    images = chosen_images(comparison.per_image, metric)
    beside = {row: read_csv(path.with_name(PER_IMAGE)) for row, path in comparison.predictions.items()}
    scores = {row: 100 * table.set_index("id")[metric] for row, table in beside.items()}
    title = f"{comparison.pictures_title}; numbers: {comparison.table.per_image[metric]} %"
    draw(images, comparison.predictions, scores, comparison.dataset["classes"], title, path)


def attention(comparison: Comparison, path: Path) -> None:
    """Attention maps of the worst, quartile and best images."""
    images = chosen_images(comparison.per_image, comparison.table.ranked_by)
    draw_attention(images, comparison.attention, comparison.predictions, comparison.pictures_title, path)


def robustness(comparison: Comparison, path: Path) -> None:
    """MIoU under growing perturbations, one panel a perturbation, mean and range over seeds of each row."""
    names = comparison.robustness.perturbation.unique()
    figure, panels = _grid(len(names), 3)
    for axes, name in zip(panels, names, strict=True):
        perturbed = comparison.robustness[comparison.robustness.perturbation == name]
        for row, of_row in perturbed.groupby("row", sort=False):
            miou, drawn = 100 * of_row.groupby("level").miou.agg(["mean", "min", "max"]), style(comparison, row)
            axes.plot(miou.index, miou["mean"], label=row, **drawn)
            axes.fill_between(miou.index, miou["min"], miou["max"], color=drawn["color"], alpha=0.15)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, high - LEAST_SPAN), high)
        axes.set(title=name, xlabel=UNITS[name], ylabel="MIoU %")
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.suptitle(f"Worse images (shaded: range over seeds)\n{comparison.table.title}")
    figure.supxlabel(comparison.data_line, fontsize="small")
    figure.savefig(path, dpi=100, format="png")


def counts(comparison: Comparison, path: Path) -> None:
    """Bland-Altman plots: error against the mean of count and truth, a row of panels a class, a column a method.

    Lines are each network's own, of all of its seeds.
    """
    classes = list(dict.fromkeys(comparison.counts["class"]))
    figure = Figure(figsize=(2.6 * len(METHODS) + 1.2, 2.8 * len(classes) + 1), layout="constrained")
    grid = figure.subplots(len(classes), len(METHODS), sharex="row", sharey="row", squeeze=False)
    for panels, name in zip(grid, classes, strict=True):
        for axes, (method, title) in zip(panels, METHODS.items(), strict=True):
            of_class = comparison.counts[comparison.counts["class"] == name]
            for row, of_row in of_class.groupby("row", sort=False):
                error, drawn = of_row[method] - of_row.truth, style(comparison, row)
                axes.plot(of_row.truth + error / 2, error, linestyle="", mfc="none", ms=5, label=row, **drawn)
                for sigmas, dashes in ((-1.96, "--"), (0, "-"), (1.96, "--")):
                    line = error.mean() + sigmas * error.std()
                    axes.axhline(line, color=drawn["color"], linewidth=1, linestyle=dashes)
            axes.set_title(f"{name} cells,\n{title}", fontsize="medium")
            axes.grid(alpha=0.3)
    _legend(figure, axes)
    figure.supylabel("counted - true, cells an image")
    figure.suptitle(f"Counts on test images (lines: mean error, 1.96 standard deviations)\n{comparison.table.title}")
    figure.supxlabel(f"mean of counted and true, cells an image\n{comparison.data_line}", fontsize="small")
    figure.savefig(path, dpi=100, format="png")


def solver_health(comparison: Comparison, path: Path) -> None:
    """Evaluations, rejected steps and failed solves of each ODE-block by epoch of the training, a line a seed."""
    figure, drawn = Figure(figsize=(12, 7), layout="constrained"), _block_styles(comparison)
    for axes, (measure, title) in zip(figure.subplots(2, 2).flat, MEASURES.items(), strict=True):
        for block, by_seed in comparison.solver_health.items():
            for seed, training in by_seed.items():
                epochs = range(1, len(training[measure]) + 1)
                axes.plot(epochs, training[measure], ms=4, alpha=0.8, **drawn[block], **_line(seed))
        axes.set(xlabel="epoch", ylabel=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    seeds = {seed for by_seed in comparison.solver_health.values() for seed in by_seed}
    _legend_of_seeds(figure, drawn, sorted(seeds))
    figure.suptitle(f"The solver in training: {comparison.table.title}")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=110, format="png")


def _block_styles(comparison: Comparison) -> dict[str, dict]:
    """The row's colour for each ODE-block; several of a row are told apart by markers."""
    drawn, blocks_of = {}, Counter()
    for block in comparison.solver_health:
        row = block.rsplit(", ", 1)[0]
        of_row = style(comparison, row)
        place = MARKERS.index(of_row["marker"]) + blocks_of[row]
        drawn[block] = of_row | {"marker": MARKERS[place % len(MARKERS)]}
        blocks_of[row] += 1
    return drawn


def _grid(number: int, most: int, **shared) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, at most `most` beside one another."""
    columns = min(most, number)
    lines = math.ceil(number / columns)
    figure = Figure(figsize=(3.6 * columns, 3 * lines + 0.8), layout="constrained")
    panels = list(figure.subplots(lines, columns, squeeze=False, **shared).flat)
    for axes in panels[number:]:
        axes.axis("off")
    for axes in panels[max(0, number - columns) : number]:  # the lowest of their columns
        axes.tick_params(labelbottom=True)
    return figure, panels[:number]


def _line(seed: int) -> dict:
    return {"linestyle": LINES[seed % len(LINES)]}


def _legend_of_seeds(figure: Figure, styles: Mapping[str, dict], seeds: Sequence[int]) -> None:
    """What colours and markers are, and which line is which seed's."""
    handles = [Line2D([], [], linestyle="", label=name, **drawn) for name, drawn in styles.items()]
    handles += [Line2D([], [], color="black", label=f"seed {seed}", **_line(seed)) for seed in seeds]
    figure.legend(handles=handles, loc="outside right center", fontsize="small")


def _legend(figure: Figure, axes: Axes) -> None:
    """What the lines of a panel are, beside all panels."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize="small")


def _panel(axes: Axes, comparison: Comparison, metric: str) -> None:
    baseline, *positions = _column(comparison, metric)
    printed = [(k, float(cell.printed)) for k, cell in enumerate(positions, 1) if cell.printed]
    ours = [(k, cell.mean, cell.spread or 0) for k, cell in enumerate(positions, 1) if cell.mean is not None]
    axes.plot(*zip(*printed, strict=True), "s--", color=PAPER, label="ODEUNet, paper")
    if baseline.printed:
        axes.axhline(float(baseline.printed), color=PAPER, linestyle=":", label="U-Net, paper")
    if ours:
        places, means, spreads = zip(*ours, strict=True)
        axes.errorbar(places, means, spreads, fmt="o-", color=OURS, capsize=3, label="ODEUNet, ours")
    if baseline.mean is not None:
        axes.axhline(baseline.mean, color=OURS, linewidth=1, label="U-Net, ours")
    axes.set(xlabel="position of the ODE-block", ylabel=baseline.metric.title, xticks=range(1, 10))
    axes.grid(alpha=0.3)


def style(comparison: Comparison, row: str) -> dict:
    """Colour and marker of a row, the same in every figure, whichever rows there are; first those that are compared."""
    paired = comparison.table.rows_in_pairs
    place = sorted((each.name for each in comparison.table.rows), key=lambda name: name not in paired).index(row)
    return {"color": ROWS[place % len(ROWS)], "marker": MARKERS[place % len(MARKERS)]}


def _column(comparison: Comparison, metric: str) -> list[Cell]:
    return [cell for cells in comparison.cells for cell in cells if cell.metric.label == metric]
