"""`reproduce bench`: measurements, as ratios within one run; JSON on stdout."""

import json
from pathlib import Path
from typing import Annotated

import typer

from reproduce.quiet import import_tensorflow

app = typer.Typer(help="Measure, as ratios within one run.", no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog="Example: reproduce bench stream --crops 20000")
def stream(
    crops: Annotated[int, typer.Option(min=8, help="Synthetic training crops of 256x256.")] = 20000,
    folder: Annotated[Path | None, typer.Option(help="Where the dataset file goes meanwhile.")] = None,
) -> None:
    """Stream one epoch from a large dataset file: time against bare reading, and peak memory."""
    import_tensorflow()
    from reproduce.benchmarks import stream

    print(json.dumps(stream.stream(crops, folder), indent=1))


@app.command(epilog="Example: reproduce bench xla --network unet --size 256 --filters 32")
def xla(
    network: Annotated[str, typer.Option(help="unet or ode_unet (with the block at the bottom).")] = "unet",
    size: Annotated[int, typer.Option(min=16, help="Height and width, a multiple of 16.")] = 256,
    filters: Annotated[int, typer.Option(min=1, help="Width of the first stage.")] = 32,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 2,
) -> None:
    """Compare training steps with and without XLA on this machine."""
    import_tensorflow()
    from reproduce.benchmarks import xla

    print(json.dumps(xla.xla(network, size, filters, batch), indent=1))


@app.command(epilog="Example: reproduce bench ode --levels 128x64 --scales 0.7 --tolerances 1e-3 --activations relu")
def ode(
    out: Annotated[Path, typer.Option(help="Measurements, tables and figures; an interrupted run goes on.")] = Path(
        "runs/bench/ode"
    ),
    levels: Annotated[
        str | None, typer.Option(help="Channels x size, comma-separated; by default the U-Net's.")
    ] = None,
    scales: Annotated[str | None, typer.Option(help="Of the weights, comma-separated; by default 0.7,1,1.5.")] = None,
    activations: Annotated[str, typer.Option(help="Comma-separated.")] = "relu,softplus",
    tolerances: Annotated[str | None, typer.Option(help="Comma-separated; by default 1e-2 to 1e-6.")] = None,
    methods: Annotated[
        str | None, typer.Option(help="Separated by semicolons; by default all that are installed.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Calls of which the median counts.")] = 3,
) -> None:
    """Compare the ODE-block's solver with TensorFlow Probability, torchdiffeq and diffrax: time, NFE, memory, error."""
    import_tensorflow()
    from reproduce.benchmarks.ode import analysis, suite
    from reproduce.benchmarks.ode.methods import METHODS
    from reproduce.benchmarks.ode.problem import LEVELS, SCALES, TOLERANCES, Problem

    chosen_levels = [tuple(map(int, level.split("x"))) for level in levels.split(",")] if levels else LEVELS
    problems = [
        Problem(channels, size, activation, scale)
        for activation in activations.split(",")
        for scale in (_numbers(scales) if scales else SCALES)
        for channels, size in chosen_levels
    ]
    names = (
        [name.strip() for name in methods.split(";")] if methods else [n for n, m in METHODS.items() if m.available()]
    )
    measured = suite.run(out, problems, _numbers(tolerances) if tolerances else TOLERANCES, names, repeats)
    analysis.write(measured, out)
    print(f"{out}: solves.csv, equal_error.csv, work_precision_*.png")


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
