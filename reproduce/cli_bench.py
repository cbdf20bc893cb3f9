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
    from reproduce import benchmarks

    print(json.dumps(benchmarks.stream(crops, folder), indent=1))


@app.command(epilog="Example: reproduce bench xla --network unet --size 256 --filters 32")
def xla(
    network: Annotated[str, typer.Option(help="unet or ode_unet (with the block at the bottom).")] = "unet",
    size: Annotated[int, typer.Option(min=16, help="Height and width, a multiple of 16.")] = 256,
    filters: Annotated[int, typer.Option(min=1, help="Width of the first stage.")] = 32,
    batch: Annotated[int, typer.Option(min=1, help="Images a step.")] = 2,
) -> None:
    """Compare training steps with and without XLA on this machine."""
    import_tensorflow()
    from reproduce import benchmarks

    print(json.dumps(benchmarks.xla(network, size, filters, batch), indent=1))
