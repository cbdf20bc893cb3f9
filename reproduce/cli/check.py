"""`reproduce check`: whether numbers moved."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nodes_unet.errors import InputError
from reproduce.cli.tables import load_tables, seeds_of
from reproduce.quiet import import_tensorflow
from reproduce.regression.number import Number
from reproduce.table import Table

EXAMPLES = (
    "Examples: reproduce check | reproduce check --layer checkpoints --layer records | "
    'reproduce check --seeds 0,1 --update "CLAHE tiles follow the paper now"'
)
Layer = StrEnum("Layer", {name: name for name in ("reference", "checkpoints", "records")})


def check(
    out: Annotated[Path, typer.Option("--out", help="The run store with the tables of preset `smoke`.")] = Path("runs"),
    results: Annotated[Path, typer.Option(help="Committed results, with the reference.")] = Path("results"),
    layer: Annotated[
        list[Layer] | None,
        typer.Option(
            help="reference: the runs of this code; checkpoints: committed networks on committed images; records: "
            "whether records and tables of both stores fit together. By default all."
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Comma-separated; whose runs have to be there.")] = "0",
    junit: Annotated[Path | None, typer.Option(help="A JUnit XML file to write as well.")] = None,
    update: Annotated[
        str | None, typer.Option(metavar="REASON", help="Make the present numbers the reference, for this reason.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which numbers moved, up or down, and which are missing; nothing is trained."""
    if update is not None and (layer or junit or as_json):
        raise InputError("--update makes a new reference of everything: leave --layer, --junit and --json out")
    import_tensorflow()
    from reproduce.regression import report
    from reproduce.regression.update import update as take_in

    tables, chosen_seeds = load_tables(), seeds_of(seeds)
    if update is not None:
        folder = results / "reference"
        _print_moved(take_in(tables, out, folder, chosen_seeds, update))
        print(f"written to {folder}", file=sys.stderr)
        return
    numbers = []
    for number in _numbers(layer or list(Layer), tables, out, results, chosen_seeds):
        numbers.append(number)
        if not as_json:
            print(f"[{'holds' if number.holds else 'moved'}] {number}")
    if as_json:
        print(report.as_json(numbers))
    if junit:
        report.write_junit(numbers, junit)
    moved = [number for number in numbers if not number.holds]
    print(f"{len(numbers) - len(moved)} of {len(numbers)} numbers hold", file=sys.stderr)
    _print_moved(moved)
    raise typer.Exit(int(bool(moved)))


def _print_moved(moved: Sequence[Number]) -> None:
    for number in moved:
        print(f"moved: {number}", file=sys.stderr)


def _numbers(
    layers: Sequence[Layer], tables: Mapping[str, Table], out: Path, results: Path, seeds: Sequence[int]
) -> Iterator[Number]:
    from reproduce.regression import checkpoints, records, reference

    folder = results / "reference"
    if Layer.reference in layers:
        known = reference.read(folder / reference.FILE, *reference.EMPTY)
        if not out.is_dir():
            raise InputError(f"{out} does not exist: `make tables` makes its runs, or leave layer `reference` out")
        yield from reference.check(tables.values(), out, known, seeds)
    if Layer.checkpoints in layers:
        yield from checkpoints.check(tables, folder, reference.read(folder / checkpoints.FILE))
    if Layer.records in layers:
        for store in dict.fromkeys((out, results)):
            if not store.is_dir():
                print(f"{store} does not exist: none of its records is checked", file=sys.stderr)
                continue
            yield from records.check(tables.values(), store, committed=store == results)
