"""The command line: `reproduce list | show | audit | run | claims | compare | check | data | bench`.

Progress and errors go to stderr, results to stdout. Exit code 0; 1 when a run failed or a number moved; 2 for bad usage
or input.
"""

import importlib.metadata
import itertools
import json
import re
import signal
import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from nodes_unet.data.store import Dataset
from nodes_unet.errors import InputError
from reproduce.cli import bench, check, data
from reproduce.cli.tables import find_table, load_tables, rows_of, seeds_of
from reproduce.comparison.compare import Comparison, groups
from reproduce.comparison.compare import compare as compare_records
from reproduce.datasets import check_classes
from reproduce.heap import keep_freed_memory
from reproduce.published import Published, published_numbers
from reproduce.quiet import import_tensorflow
from reproduce.records import FAILED, find_records
from reproduce.report import FORMATS, render, report_folder, write_report
from reproduce.request import SYNTHETIC, Request
from reproduce.table import Table

app = typer.Typer(
    help="Rerun tables of cell-segmentation papers and see the published numbers beside yours.",
    epilog="Example: reproduce run ode-position --preset smoke --rows U-Net,ODEUNet5",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")
app.command(epilog=check.EXAMPLES)(check.check)

Format = StrEnum("Format", {name: name for name in FORMATS})
TableId = Annotated[str, typer.Argument(metavar="TABLE", help="A table's id; `reproduce list` names them.")]
Store = Annotated[Path, typer.Option("--out", help="The run store.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line on the given arguments (by default the process's) and ends the process."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    signal.signal(signal.SIGTERM, _end)
    try:
        app([argument for argument in arguments if argument != "--debug"], prog_name="reproduce")
    except (InputError, PermissionError) as error:
        if debug:
            raise
        if isinstance(error, PermissionError):
            error = f"{error.filename}: {error.strerror}: ask for the rights to it"
        print(f"reproduce: {error}", file=sys.stderr)
        sys.exit(2)


def _end(*_) -> NoReturn:
    """Ends the process so that it tidies up: unfinished files and processes of its own go."""
    sys.exit(128 + signal.SIGTERM)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"reproduce {importlib.metadata.version('nodes-unet')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with errors; may stand anywhere.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options that every command shares."""


@app.command("list", epilog="Example: reproduce list --json")
def list_tables(as_json: Json = False) -> None:
    """List the tables with their rows and presets."""
    tables = load_tables().values()
    if as_json:
        described = [
            {
                "id": table.id,
                "title": table.title,
                "rows": [row.name for row in table.rows],
                "presets": list(table.presets),
            }
            for table in tables
        ]
        print(json.dumps(described, indent=1))
        return
    for table in tables:
        print(f"{table.id}: {table.title}")
        print(f"  rows: {', '.join(row.name for row in table.rows)}")
        print(f"  presets: {', '.join(table.presets)}")


@app.command(epilog="Example: reproduce show ode-position --preset quick")
def show(
    table_id: TableId,
    preset: Annotated[str, typer.Option(help="Whose settings to show.")] = "paper",
    as_json: Json = False,
) -> None:
    """Print a table's published numbers, and its recipe with the origin of every setting."""
    table = find_table(table_id)
    recipe = table.settings(preset)
    numbers = [number for number in published_numbers(table.paper) if _is_about(number, table)]
    if as_json:
        content = {
            "table": table.id,
            "preset": preset,
            "recipe": {name: vars(setting) for name, setting in recipe.items()},
            "published": [vars(number) for number in numbers],
            "margins": {
                metric.title: [metric.margin, metric.margin_reason] for metric in table.metrics if metric.margin
            },
        }
        print(json.dumps(content, indent=1))
        return
    print(f"{table.title}\n\nPublished numbers:{'' if numbers else ' none'}")
    notes = list(dict.fromkeys(number.note for number in numbers if number.note))
    for number in numbers:
        mark = f" [{notes.index(number.note) + 1}]" if number.note else ""
        where = "; ".join(filter(None, (number.protocol, number.place)))
        print(f"  {number.row}, {number.metric}: {number.value} {number.unit} ({where}){mark}")
    for mark, note in enumerate(notes, 1):
        print(f"  [{mark}] {note}")
    if margins := [metric for metric in table.metrics if metric.margin is not None]:
        print("\nMargins within which a number on the paper's images is reproduced:")
    for metric in margins:
        print(f"  {metric.title}: {metric.margin:g} ({metric.margin_reason})")
    print(f"\nRecipe, preset {preset}:")
    for name, setting in recipe.items():
        print(f"  {name} = {setting.value}  [{setting.origin}: {setting.note}]")


@app.command(epilog="Examples: reproduce audit --json | reproduce audit --markdown > results/audit.md")
def audit(
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table for each paper.")] = False,
) -> None:
    """Check the published numbers against one another, with the arithmetic; no run is needed."""
    from reproduce.audit import as_markdown
    from reproduce.audit import audit as checks

    found = checks()
    if as_json:
        print(json.dumps([vars(check) for check in found], indent=1))
        return
    if markdown:
        print(as_markdown(found), end="")
        return
    for line in found:
        print(f"[{'holds' if line.holds else 'does not hold'}] {line.paper}: {line.question}\n    {line.arithmetic}")
    print(f"\n{sum(check.holds for check in found)} of {len(found)} checks hold")


def _is_about(number: Published, table: Table) -> bool:
    """Whether a number stands in the table, or in the text about rows of the table only."""
    rows = {row.published or row.name for row in table.rows}
    return number.table in table.published or (
        number.table == "text" and rows.issuperset(re.split(" [-/] ", number.row))
    )


@app.command(
    epilog="Examples: reproduce run ode-position --preset smoke | "
    "reproduce run ode-position --data smear.h5 --preset quick --seeds 0,1,2 | reproduce run all --preset smoke | "
    "reproduce run ode-position --preset paper --rehearse --rows ODEUNet5"
)
def run(
    table_id: Annotated[str, typer.Argument(metavar="TABLE", help="A table's id, or `all`.")],
    data: Annotated[str, typer.Option(help="`synthetic`, or a dataset file made by `reproduce data`.")] = SYNTHETIC,
    preset: Annotated[str, typer.Option(help="`paper`, `quick`, `smoke`; `reproduce list` has a table's.")] = "quick",
    seeds: Annotated[str, typer.Option(help="Comma-separated; a run for each.")] = "0",
    rows: Annotated[
        str | None, typer.Option(help="Comma-separated row names; by default all but those that a preset leaves out.")
    ] = None,
    out: Store = Path("runs"),
    devices: Annotated[int | None, typer.Option(help="Copies of the network; by default all GPUs, or one CPU.")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard logs beside each run.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Take two steps of each row and estimate the whole.")
    ] = False,
) -> None:
    """Train and evaluate the rows of a table, then print them beside the published numbers.

    Finished runs are reused, interrupted ones go on where they stopped, failed ones are tried again.
    """
    keep_freed_memory()
    import_tensorflow()
    from reproduce.rehearsal import rehearse as rehearse_rows
    from reproduce.running import run as run_rows

    failed = False
    tables = list(load_tables().values()) if table_id == "all" else [find_table(table_id)]
    _check_request(tables, preset, data)
    for table in tables:
        chosen = table.runnable(preset) if rows is None else rows_of(rows, table)
        request = Request(table, chosen, seeds_of(seeds), preset, data, out, devices, tensorboard)
        if rehearse:
            failed |= not rehearse_rows(request)
            continue
        try:
            records = run_rows(request)
        except (KeyboardInterrupt, SystemExit):
            print("reproduce: stopped; the same command goes on from the last whole epoch", file=sys.stderr)
            raise
        failed |= any(record["status"] == FAILED for record in records)
        made = {record["key"] for record in records}
        asked_last = sorted(find_records(out, table.id), key=lambda record: record["key"] in made)
        _print_comparison(compare_records(table, asked_last), out, Format.text)
    raise typer.Exit(int(failed))


def _check_request(tables: list[Table], preset: str, data: str) -> None:
    """Makes sure that each table has the preset and can be made of the data, before the first one takes its time."""
    for table in tables:
        table.settings(preset)
    if data == SYNTHETIC:
        return
    of_images = [table for table in tables if table.needs_data]
    if not of_images:
        raise InputError(f"{tables[0].id} needs no images: leave --data out")
    dataset = Dataset(data)
    for table in of_images:
        check_classes(dataset, table.classes)


@app.command(epilog="Example: reproduce claims --out results")
def claims(out: Store = Path("runs"), as_json: Json = False) -> None:
    """Say which of the papers' sentences your runs support or refute, on each dataset; nothing is trained."""
    from reproduce.comparison.claims import assessed

    if not out.is_dir():
        raise InputError(f"{out} does not exist: make runs with `reproduce run`, or name another --out")
    found = list(assessed(out))
    if as_json:
        lines = [
            {"paper": claim.paper, "section": claim.section, "claim": claim.text, "runs": where, **evidence._asdict()}
            for claim, where, evidence in found
        ]
        print(json.dumps(lines, indent=1))
        return
    for claim, of_claim in itertools.groupby(found, key=lambda line: line[0]):
        print(f"{claim.paper}, {claim.section}: {claim.text}")
        for _, where, evidence in of_claim:
            print(f"  [{evidence.outcome}] {where + ': ' if where else ''}{evidence.effect}")
        if claim.test and claim.reason:
            print(f"  read as: {claim.reason}")
    counted = Counter(evidence.outcome for _, _, evidence in found)
    print("\n" + ", ".join(f"{number} {outcome}" for outcome, number in sorted(counted.items())))


@app.command(epilog="Examples: reproduce compare ode-position --format md | reproduce compare all --out results")
def compare(
    table_id: Annotated[str, typer.Argument(metavar="TABLE", help="A table's id, or `all`: each dataset and preset.")],
    data: Annotated[str | None, typer.Option(help="Name of the dataset; by default the newest run's.")] = None,
    preset: Annotated[str | None, typer.Option(help="By default the newest run's.")] = None,
    out: Store = Path("runs"),
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.text,
) -> None:
    """Print a table's published numbers and yours side by side; also writes CSV, Markdown, JSON and a figure."""
    if table_id != "all":
        table = find_table(table_id)
        _print_comparison(compare_records(table, find_records(out, table.id), data, preset), out, form)
        return
    asked = [
        compare_records(table, records, *group)
        for table, records in ((table, find_records(out, table.id)) for table in load_tables().values())
        for group in groups(records)
        if data in (None, group[0]) and preset in (None, group[1])
    ]
    if not asked:
        raise InputError(f"{out} has no run of any table: make one with `reproduce run`, or name another --out")
    for comparison in asked:
        _print_comparison(comparison, out, form)


def _print_comparison(comparison: Comparison, store: Path, form: Format) -> None:
    folder = report_folder(comparison, store)
    written = write_report(comparison, folder)
    print(render(comparison, form), end="")
    print(f"written to {folder}: {', '.join(written)}", file=sys.stderr)
