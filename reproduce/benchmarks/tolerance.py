"""The tolerance of a trained network as a dial between accuracy and time (Li et al. 2021, section 4.2)."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.store import Split
from nodes_unet.files import replacing, write_text
from nodes_unet.inference import seconds_for
from nodes_unet.ode import set_tolerance
from nodes_unet.receptive_field import effective_receptive_field, radius
from reproduce.evaluation.scoring import score

POINTS = 0.5  # of PA or MIoU in per cent: a larger move is worth a sentence
_TIMED_IMAGES = 20


def measure(
    model: keras.Model,
    preprocessing: Preprocessing,
    split: Split,
    classes: Sequence[str],
    tolerances: Sequence[float],
) -> pd.DataFrame:
    """Segments a split with the network as it was trained, and once for each tolerance set in all of its ODE-blocks.

    Returns:
        A line a tolerance, that of the network as trained first and with NaN as `tolerance`: `pa` and `miou` (pooled,
        in per cent), `nfe` (mean over images, sum over blocks), `failed` (images on which a solve failed), `seconds`
        (an image, batch size 1, preprocessing excluded) and `reach` (of the effective receptive field at the centre,
        pixels of the network's input, mean over images). An image whose solve failed has no segmentation: all of its
        pixels count as wrong.
    """
    inputs = [preprocessing(split[number].image) for number in range(min(len(split), _TIMED_IMAGES))]
    lines = []
    for tolerance in track([math.nan, *tolerances], "tolerances", console=Console(stderr=True)):
        if not math.isnan(tolerance):
            set_tolerance(model, tolerance)
        scored = score(model, preprocessing, split, classes)
        percent = {"pa": 100 * scored.pa, "miou": 100 * scored.miou}
        seconds = seconds_for(model, inputs, len(inputs)) / len(inputs)
        reach = radius(effective_receptive_field(model, inputs))
        lines.append({"tolerance": tolerance, **scored._asdict(), **percent, "seconds": seconds, "reach": reach})
    return pd.DataFrame(lines)


def statement(measured: pd.DataFrame, trained: Sequence[float]) -> str:
    """What the tolerance does to PA and MIoU, in one or two sentences.

    Args:
        measured: as `measure` returns it.
        trained: the tolerances of the ODE-blocks in training.
    """
    names = ", ".join(f"{tolerance:g}" for tolerance in sorted(set(trained), reverse=True))
    moves = measured.set_index("tolerance")[["pa", "miou"]]
    moves = (moves - moves.iloc[0]).iloc[1:]
    large = moves[moves.abs().max(axis=1) > POINTS]
    if large.empty:
        return f"PA and MIoU stay within {POINTS} points of those at the tolerance of the training ({names})."
    moved = [
        f"at {tolerance:g} PA moves by {move.pa:+.2f} and MIoU by {move.miou:+.2f} points"
        for tolerance, move in large.iterrows()
    ]
    text = f"Against the tolerance of the training ({names}): {'; '.join(moved)}."
    if (large.index < min(trained)).any():
        text += (
            " They move when the solve is more exact than in training: the network has learned to use the errors of a"
            " coarse solve, and does not compute the solution of its differential equation."
        )
    return text


def write(measured: pd.DataFrame, trained: Sequence[float], title: str, folder: Path) -> None:
    """Writes tolerance.csv, tolerance.txt (the statement) and tolerance.png.

    Raises:
        InputError: a file cannot be written.
    """
    write_text(folder / "tolerance.csv", measured.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    write_text(folder / "tolerance.txt", statement(measured, trained) + "\n")
    with replacing(folder / "tolerance.png") as temporary:
        _draw(measured, title, temporary)


def _draw(measured: pd.DataFrame, title: str, path: Path) -> None:
    """PA and MIoU, NFE, time, and reach against the tolerance; the network as trained as lines across."""
    as_trained, at = measured.iloc[0], measured.iloc[1:]
    panels = {
        "%": {"pa": "PA", "miou": "MIoU"},
        "NFE": {"nfe": "NFE"},
        "time of an image, s": {"seconds": "time"},
        "reach of the receptive field, px": {"reach": "reach"},
    }
    figure = Figure(figsize=(14, 4), layout="constrained")
    for axes, (unit, columns) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for color, (column, name) in enumerate(columns.items()):
            axes.semilogx(at.tolerance, at[column], "o-", color=f"C{color}", label=name)
            axes.axhline(as_trained[column], color=f"C{color}", linestyle=":", label=f"{name} as trained")
        axes.set(xlabel="tolerance", ylabel=unit)
        axes.invert_xaxis()
        axes.legend(fontsize="small")
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    figure.savefig(path, dpi=110, format="png")
