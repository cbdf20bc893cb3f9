"""What the measurements say: tables of ratios, and the work-precision diagram."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from nodes_unet.files import replacing, write_text
from reproduce.benchmarks.ode.methods import METHODS, OWN
from reproduce.benchmarks.ode.problem import BATCH

PROBLEM = ["channels", "size", "activation", "scale"]
ERRORS = (0.1, 0.07, 0.05)  # of the gradient, relative
PEER = "TFP, adjoint"
PEERS = {
    "TFP": [PEER],
    "torchdiffeq, the better mode": ["torchdiffeq, backprop", "torchdiffeq, adjoint"],
    "diffrax": ["diffrax, checkpoints"],
}
_STAGES = 6


def with_ratios(solves: pd.DataFrame) -> pd.DataFrame:
    """Adds the error of the gradient, the ratios to the floor and to plain TensorFlow Probability, memory in states.

    The floor of a method that runs in TensorFlow is single evaluations: `evaluations` of them forward, and for a
    training step another six with gradient for each accepted step, called in turn with the solves. The error of the
    gradient is the largest of those with respect to h(0) and both kernels.
    """
    peer = solves[solves.method == PEER].set_index([*PROBLEM, "tolerance"])["seconds_step"].rename("seconds_peer")
    solves = solves.join(peer, on=[*PROBLEM, "tolerance"])
    forward = solves.evaluations * solves.get("seconds_evaluation", np.nan)
    gradient = _STAGES * solves.accepted.astype(float) * solves.get("seconds_evaluation_with_gradient", np.nan)
    return solves.assign(
        error_gradient=solves[["error_h(0)", "error_kernel 1", "error_kernel 2"]].max(axis=1),
        forward_to_floor=solves.seconds_forward / forward,
        step_to_floor=solves.seconds_step / (forward + gradient),
        step_to_tfp=solves.seconds_step / solves.seconds_peer,
        memory_states=solves.memory_bytes / (4 * BATCH * solves.channels * solves["size"] ** 2),
    )


def seconds_at_error(solves: pd.DataFrame, error: float) -> float:
    """Time of a training step at an error of the gradient, on the lower envelope of a method's points.

    Between two points of the envelope time and error are interpolated in their logarithms; an error that no point
    reaches gives NaN, one that all points are below gives the time of the fastest.
    """
    points = solves[["error_gradient", "seconds_step"]].dropna().sort_values("seconds_step")
    points = points[points.error_gradient < points.error_gradient.cummin().shift(fill_value=np.inf)]
    if points.empty or points.error_gradient.iloc[-1] > error:
        return np.nan
    errors, seconds = np.log(points.error_gradient.to_numpy()), np.log(points.seconds_step.to_numpy())
    return float(np.exp(np.interp(np.log(error), errors[::-1], seconds[::-1])))


def at_equal_error(solves: pd.DataFrame, errors: Sequence[float] = ERRORS) -> pd.DataFrame:
    """Seconds of a training step at fixed errors of the gradient: rows are problems and errors, columns methods."""
    rows = [
        {**dict(zip(PROBLEM, problem, strict=True)), "error": error}
        | {method: seconds_at_error(of_method, error) for method, of_method in of_problem.groupby("method")}
        for problem, of_problem in solves.groupby(PROBLEM)
        for error in errors
    ]
    return pd.DataFrame(rows)


def summary(equal: pd.DataFrame) -> pd.DataFrame:
    """Time of this package's methods to that of the peers at equal error, geometric means over problems and errors.

    Args:
        equal: as `at_equal_error` returns it.

    Returns:
        A line for each activation, method and peer: `ratio` over all cases that both reach (`cases` of them), and that
        of the level where it is highest, `worst_ratio` at `worst_level`.
    """
    methods = [name for name in equal.columns if METHODS.get(name) and METHODS[name].module == OWN]
    lines = [
        {"activation": activation, "method": method, "peer": peer} | ratio
        for activation, cases in equal.groupby("activation")
        for method in methods
        for peer, modes in PEERS.items()
        if (ratio := _ratio(cases, method, modes))
    ]
    return pd.DataFrame(lines)


def _ratio(cases: pd.DataFrame, method: str, modes: Sequence[str]) -> dict:
    ratios = np.log(cases[method] / cases.reindex(columns=modes).min(axis=1)).dropna()
    if ratios.empty:
        return {}
    levels = ratios.groupby([cases.channels, cases["size"]]).mean()
    channels, size = levels.idxmax()
    return {
        "ratio": np.exp(ratios.mean()),
        "cases": len(ratios),
        "worst_ratio": np.exp(levels.max()),
        "worst_level": f"{channels}x{size}",
    }


def write(measurements: pd.DataFrame, folder: Path) -> None:
    """Writes solves.csv, equal_error.csv, summary.csv and a work-precision diagram for each activation.

    Raises:
        InputError: a file cannot be written.
    """
    solves = with_ratios(measurements)
    equal = at_equal_error(solves)
    for name, table in {"solves": solves, "equal_error": equal, "summary": summary(equal)}.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    tolerances = solves.groupby("method")["tolerance"].nunique()
    methods = [name for name in METHODS if tolerances.get(name, 0) > 1] or list(tolerances.index)
    palette = colormaps["tab10" if len(methods) <= 10 else "tab20"].colors
    colours = dict(zip(methods, palette[: len(methods)], strict=True))
    for activation, of_activation in solves.groupby("activation"):
        with replacing(folder / f"work_precision_{activation}.png") as temporary:
            _draw(of_activation, colours, temporary)


def _draw(solves: pd.DataFrame, colours: Mapping[str, Sequence], path: Path) -> None:
    """Time of a training step against the error of its gradient: levels of the U-Net across, weight scales down.

    A line for each method of `colours`, which are those with several tolerances; where none has, a point each.
    """
    methods = [name for name in colours if name in set(solves.method)]
    levels, scales = sorted(set(zip(solves.channels, solves["size"], strict=True))), sorted(set(solves.scale))
    figure = Figure(figsize=(2.1 * len(levels) + 1, 1.9 * len(scales) + 1), layout="constrained")
    panels = figure.subplots(len(scales), len(levels), squeeze=False, sharex="col", sharey="row")
    for row, scale in enumerate(scales):
        for column, (channels, size) in enumerate(levels):
            axes = panels[row][column]
            here = solves[(solves.scale == scale) & (solves.channels == channels) & (solves["size"] == size)]
            if here.empty:
                axes.set_visible(False)
                continue
            for method in methods:
                points, colour = here[here.method == method].sort_values("tolerance"), colours[method]
                style = "-" if METHODS[method].module == OWN else "--"
                axes.loglog(
                    points.seconds_step, 100 * points.error_gradient, f"o{style}", color=colour, ms=4, label=method
                )
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter("{x:g}")
                axis.set_minor_locator(NullLocator())
            axes.tick_params(labelbottom=True, labelleft=True)
            axes.set_title(f"{channels} channels, {size}x{size},\ns = {scale:g}", fontsize="small")
            axes.grid(alpha=0.3)
    figure.supxlabel("time of a training step, s")
    figure.supylabel("error of the gradient, %")
    lines = {line.get_label(): line for axes in panels.flat for line in axes.lines}
    figure.legend(
        handles=[lines[method] for method in methods], loc="outside upper center", ncols=len(levels), fontsize="small"
    )
    figure.savefig(path, dpi=110, format="png")
