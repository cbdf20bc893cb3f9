"""Figures of tables. Each function draws a comparison into a PNG file."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.compare import Comparison

OURS, PAPER = "#c0392b", "#34495e"


def by_position(comparison: Comparison, path: Path) -> None:
    """Accuracy and time by position of the ODE-block, ours and the paper's; the U-Net without one as a line across."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    accuracy, time = figure.subplots(1, 2)
    _panel(accuracy, comparison, "miou.pooled")
    _panel(time, comparison, "seconds_20.batch1")
    time.set_yscale("log")
    accuracy.legend(fontsize="small")
    figure.suptitle(comparison.table.title)
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=120, format="png")


def _panel(axes: Axes, comparison: Comparison, metric: str) -> None:
    column = next(i for i, candidate in enumerate(comparison.table.metrics) if candidate.name == metric)
    baseline, *positions = [cells[column] for cells in comparison.cells]
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
