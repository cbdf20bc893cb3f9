"""Figures of tables. Each function draws a comparison into a PNG file."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.compare import Cell, Comparison
from reproduce.solver_health import MEASURES

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


def by_row(comparison: Comparison, path: Path) -> None:
    """Accuracy, time and NFE of each row."""
    metrics = ("miou.pooled", "seconds_20.batch1", "nfe")
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, metric in zip(figure.subplots(1, len(metrics)), metrics, strict=True):
        cells = _column(comparison, metric)
        ours = [(cell.row, cell.mean, cell.spread or 0) for cell in cells if cell.mean is not None]
        if ours:
            rows, means, spreads = zip(*ours, strict=True)
            axes.errorbar(rows, means, spreads, fmt="o", color=OURS, capsize=3)
        axes.set_ylabel(cells[0].metric.title)
        axes.grid(alpha=0.3)
    figure.suptitle(comparison.table.title)
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=120, format="png")


def solver_health(comparison: Comparison, path: Path) -> None:
    """Evaluations, rejected steps and failed solves of each ODE-block by epoch of the training."""
    figure = Figure(figsize=(12, 7), layout="constrained")
    for axes, (measure, title) in zip(figure.subplots(2, 2).flat, MEASURES.items(), strict=True):
        for number, (block, training) in enumerate(comparison.solver_health.items()):
            epochs = range(1, len(training[measure]) + 1)
            axes.plot(epochs, training[measure], ".-", color=f"C{number % 10}", alpha=0.8, label=block)
        axes.set(xlabel="epoch", ylabel=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize="small")
    figure.suptitle(f"The solver in training: {comparison.table.title}")
    figure.supxlabel(comparison.data_line, fontsize="x-small")
    figure.savefig(path, dpi=110, format="png")


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


def _column(comparison: Comparison, metric: str) -> list[Cell]:
    return [cell for cells in comparison.cells for cell in cells if cell.metric.name == metric]
