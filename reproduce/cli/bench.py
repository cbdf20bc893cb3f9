"""`reproduce bench`: measurements, as ratios within one run; results on stdout, tables and figures in files."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodes_unet.errors import InputError
from nodes_unet.files import write_text
from reproduce.cli.tables import find_table
from reproduce.quiet import import_tensorflow

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(help="Measure, as ratios within one run.", no_args_is_help=True, rich_markup_mode=None)


def _multiple_of(step: int) -> Callable[[int], int]:
    """A check of `--size`."""

    def checked(size: int) -> int:
        if size % step:
            raise InputError(f"--size {size} is no multiple of {step}: take {size - size % step + step}")
        return size

    return checked


Size = Annotated[int, typer.Option(min=16, help="Height and width, a multiple of 16.", callback=_multiple_of(16))]
Width = Annotated[int, typer.Option(min=1, help="Width of the first stage.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Images a step.")]
CsvFile = Annotated[Path | None, typer.Option(help="A CSV file to write as well.")]


@app.command(epilog="Example: reproduce bench stream --crops 20000")
def stream(
    crops: Annotated[int, typer.Option(min=8, help="Synthetic training crops of 256x256.")] = 20000,
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Where the dataset file goes meanwhile.")
    ] = None,
) -> None:
    """Stream one epoch from a large dataset file: time against bare reading, and peak memory."""
    import_tensorflow()
    from reproduce.benchmarks import stream

    print(json.dumps(stream.stream(crops, folder), indent=1))


@app.command(epilog="Example: reproduce bench xla --network unet --size 256 --filters 32")
def xla(
    network: Annotated[str, typer.Option(help="unet or ode_unet (with the block at the bottom).")] = "unet",
    size: Size = 256,
    filters: Width = 32,
    batch: BatchSize = 2,
) -> None:
    """Compare training steps with and without XLA on this machine."""
    import_tensorflow()
    from reproduce.benchmarks import xla

    if network not in xla.NETWORKS:
        raise InputError(f"--network {network!r} is unknown: choose from {', '.join(xla.NETWORKS)}")
    print(json.dumps(xla.xla(network, size, filters, batch), indent=1))


@app.command(epilog="Example: reproduce bench heap --network nodes_unet --size 128 --filters 16 --batch 8")
def heap(
    network: Annotated[str, typer.Option(help="unet, resnet_unet or nodes_unet.")] = "nodes_unet",
    size: Size = 128,
    filters: Width = 16,
    batch: BatchSize = 8,
    steps: Annotated[int, typer.Option(min=1, help="Training steps, after three that warm up.")] = 15,
    out: CsvFile = None,
) -> None:
    """Compare training steps with freed memory given back to the system and kept, as `run` keeps it."""
    from reproduce.benchmarks import heap as benchmark

    if network not in benchmark.NETWORKS:
        raise InputError(f"--network {network!r} is unknown: choose from {', '.join(benchmark.NETWORKS)}")
    _tell(benchmark.heap(network, size, filters, batch, steps), out)


@app.command(epilog="Example: reproduce bench memory --size 256 --batch 4")
def memory(
    size: Size = 256,
    filters: Width = 32,
    batch: BatchSize = 4,
    out: CsvFile = None,
) -> None:
    """Measure the memory of training steps: U-Net, ResNet, and NODEs-UNet with each gradient method."""
    from reproduce.benchmarks import memory as benchmark

    found = benchmark.memory(size, filters, batch)
    _tell(found, out)


@app.command(epilog="Example: reproduce bench flops --size 256")
def flops(
    size: Annotated[
        int, typer.Option(min=32, help="Height and width, a multiple of 32.", callback=_multiple_of(32))
    ] = 256,
    out: CsvFile = None,
) -> None:
    """Count the operations of the networks of `attention` twice: by TensorFlow's profiler and by XLA."""
    from reproduce.benchmarks import flops as benchmark

    table = find_table("attention")
    found = benchmark.flops(table, table.runnable("paper"), size)
    _tell(found, out)


@app.command("weightmaps", epilog="Example: reproduce bench weightmaps --cells 1,100 --sizes 512")
def weight_maps(
    cells: Annotated[str, typer.Option(help="In an image, comma-separated.")] = "1,10,100,400",
    sizes: Annotated[str, typer.Option(help="Sides of the images in pixels, comma-separated.")] = "512,1024,2048",
    out: CsvFile = None,
) -> None:
    """Compare weight maps with one distance transform of the whole image for each cell, on one core."""
    from reproduce.benchmarks import weight_maps as benchmark

    _tell(benchmark.measure(_whole_numbers("--cells", cells), _whole_numbers("--sizes", sizes)), out)


@app.command(epilog="Example: reproduce bench objects --cells 100")
def objects(
    cells: Annotated[int, typer.Option(min=1, help="In an image of 1200x1600.")] = 100,
    out: CsvFile = None,
) -> None:
    """Time what follows a prediction: post-processing, matching, instance metrics, on one core."""
    from reproduce.benchmarks import objects as benchmark

    found = benchmark.measure(cells)
    _tell(found, out)


@app.command(
    epilog="Examples: reproduce bench tolerance --model runs/.../best.h5 | "
    "reproduce bench tolerance --model best.h5 --data smears.h5 --tolerances 1e-1,1e-3,1e-6"
)
def tolerance(
    model: Annotated[Path, typer.Option(help="A checkpoint of a network with ODE-blocks, such as a run's best.h5.")],
    data: Annotated[
        Path | None, typer.Option(help="Dataset file whose test split is segmented; by default synthetic smears.")
    ] = None,
    tolerances: Annotated[str, typer.Option(help="Comma-separated.")] = "1e-1,1e-2,1e-3,1e-4,1e-5,1e-6",
    out: Annotated[Path, typer.Option(help="Where table and figure go.")] = Path("runs/bench/tolerance"),
) -> None:
    """Segment test images with a trained network at other tolerances: PA, MIoU, NFE, time, receptive field."""
    import_tensorflow()
    from nodes_unet.checkpoint import load, read_description
    from nodes_unet.data.store import Dataset
    from nodes_unet.ode import ode_blocks
    from reproduce.benchmarks import tolerance as benchmark
    from reproduce.datasets import check_classes, synthetic_file

    described, network = read_description(model), load(model)
    trained = [block.tolerance for block in ode_blocks(network)]
    if not trained:
        raise InputError(f"{model} holds a network without an ODE-block ({described.network}): choose another --model")
    path = data or synthetic_file("smears", 1, 20, out)
    dataset = Dataset(path)
    dataset.verify()
    check_classes(dataset, described.classes)
    measured = benchmark.measure(
        network,
        described.preprocessing,
        dataset.splits["test"],
        dataset.classes,
        _numbers("--tolerances", tolerances),
    )
    print(measured.to_string(index=False, float_format="%.4g", na_rep="as trained"))
    print(benchmark.statement(measured, trained))
    benchmark.write(measured, trained, f"{described.network} on {dataset.name} ({dataset.role})", out)
    print(f"written to {out}: tolerance.csv, tolerance.txt, tolerance.png", file=sys.stderr)


@app.command(epilog="Example: reproduce bench ode --levels 128x64 --scales 0.7 --tolerances 1e-3 --activations relu")
def ode(
    out: Annotated[Path, typer.Option(help="Measurements, tables and figures; an interrupted run goes on.")] = Path(
        "runs/bench/ode"
    ),
    levels: Annotated[
        str | None, typer.Option(help="Channels x size, comma-separated; by default the U-Net's.")
    ] = None,
    scales: Annotated[str | None, typer.Option(help="Of the weights, comma-separated; by default 0.7,1,1.5.")] = None,
    activations: Annotated[str | None, typer.Option(help="Comma-separated; by default relu,softplus.")] = None,
    tolerances: Annotated[str | None, typer.Option(help="Comma-separated; by default 1e-2 to 1e-6.")] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Separated by semicolons, as `hairer, discrete;TFP, adjoint`; by default all installed ones."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Calls of which the median counts; fewer of long ones.")] = 5,
) -> None:
    """Compare the ODE-block's solver with TensorFlow Probability, torchdiffeq and diffrax: time, NFE, memory, error."""
    from reproduce.benchmarks.ode import analysis, suite
    from reproduce.benchmarks.ode.methods import METHODS
    from reproduce.benchmarks.ode.problem import ACTIVATIONS, LEVELS, SCALES, TOLERANCES, Problem

    chosen_levels = LEVELS if levels is None else [_level(level) for level in levels.split(",")]
    chosen_activations = ACTIVATIONS if activations is None else activations.split(",")
    if unknown := set(chosen_activations) - set(ACTIVATIONS):
        raise InputError(f"--activations {unknown.pop()!r} is unknown: choose from {', '.join(ACTIVATIONS)}")
    problems = [
        Problem(channels, size, activation, scale)
        for activation in chosen_activations
        for scale in (SCALES if scales is None else _numbers("--scales", scales))
        for channels, size in chosen_levels
    ]
    installed = [name for name, method in METHODS.items() if method.available()]
    names = installed if methods is None else [name.strip() for name in methods.split(";")]
    chosen_tolerances = TOLERANCES if tolerances is None else _numbers("--tolerances", tolerances)
    measured = suite.run(out, problems, chosen_tolerances, names, repeats)
    analysis.write(measured, out)
    print(
        f"{out}: all its measurements in solves.csv, equal_error.csv, summary.csv and work_precision_<activation>.png"
    )


def _tell(found: "pd.DataFrame", out: Path | None) -> None:
    print(found.to_string(index=False, float_format="%.4g"))
    if out:
        write_text(out, found.to_csv(index=False, lineterminator="\n"))


def _numbers(option: str, text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{option} {text!r} is no list of numbers: write it as 1e-3,1e-4") from error
    if not all(number > 0 for number in numbers):
        raise InputError(f"{option} {text!r}: every number must be positive")
    return numbers


def _whole_numbers(option: str, text: str) -> list[int]:
    numbers = _numbers(option, text)
    if not all(number.is_integer() for number in numbers):
        raise InputError(f"{option} {text!r}: every number must be a whole one")
    return [int(number) for number in numbers]


def _level(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text.strip())
    if match is None:
        raise InputError(f"--levels {text!r} is no level: write channels x size, such as 128x64")
    return int(match[1]), int(match[2])
