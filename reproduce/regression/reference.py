"""Layer `reference`: the `smoke` tables as this code runs them, beside what they were when the reference was made."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean

from nodes_unet.errors import InputError
from reproduce.datasets import open_dataset
from reproduce.records import COMPLETE, FAILED, RunIdentity, read_record
from reproduce.regression.bands import half_width
from reproduce.regression.number import Number, Value
from reproduce.request import SYNTHETIC, Request
from reproduce.running import identify
from reproduce.table import TIME, Table

LAYER, PRESET, FILE = "reference", "smoke", "smoke.json"
MISSING, OF_OTHER_CODE = "missing", "only of other code"
NO_REFERENCE, EMPTY = "reference", {"environment": {}, "runs": {}}
TOLERANCE = 1e-6  # of each number's size; on one machine, a seed gives the same bits again
_OF_THE_MACHINE = ("processor", "model", "caches", "instructions")


def numbers(record: Mapping) -> dict[str, Value]:
    """What a run of the same seed, code and environment has again."""
    parts = (record.get(part, {}) for part in ("metrics", "inputs", "solver"))
    return {"dataset": record["dataset"]["digest"], **steady(*parts)}


def steady(metrics: Mapping, inputs: Mapping, solver: Mapping) -> dict[str, float | None]:
    """Numbers of an evaluation under one name each, without times."""
    return {
        **{name: value for name, value in metrics.items() if not name.startswith("seconds")},
        **{f"inputs.{name}": value for name, value in inputs.items()},
        **{f"{block}.nfe": statistics["nfe_mean"] for block, statistics in solver.items()},
    }


def environment(record: Mapping) -> dict:
    """What decides the last bits: libraries, processor and its instructions."""
    return {
        "versions": record["versions"],
        **{name: record["timings"]["machine"].get(name) for name in _OF_THE_MACHINE},
    }


def identities(table: Table, store: Path, seeds: Sequence[int]) -> Iterator[RunIdentity]:
    """The runs of a table that this very code makes with its synthetic images: results of other code do not count."""
    request = Request(table, table.runnable(PRESET), seeds, PRESET, SYNTHETIC, store)
    dataset = open_dataset(SYNTHETIC, table, PRESET, store) if table.needs_data else None
    for row in request.rows:
        for seed in seeds:
            yield identify(request, row, seed, dataset)


def check(tables: Iterable[Table], store: Path, reference: Mapping, seeds: Sequence[int]) -> Iterator[Number]:
    """Compares the runs of this code with the reference, as `made` makes it; each row and seed has to be there.

    A run of a seed that the reference has, made in its environment, has to give its numbers again; the table's own
    metrics of another seed or environment have to lie within a coarse band.

    Raises:
        InputError: a record is damaged.
    """
    tables = list(tables)
    checked = len(seeds) * sum(len(table.metrics) * len(table.runnable(PRESET)) for table in tables)
    for table in reference["runs"].keys() - {table.id for table in tables}:
        yield Number(LAYER, table, "status", COMPLETE, "no longer run", note="--update drops it")
    for table in tables:
        known = reference["runs"].get(table.id, {})
        for row in known.keys() - {row.name for row in table.runnable(PRESET)}:
            yield Number(LAYER, f"{table.id}, {row}", "status", COMPLETE, "no longer run", note="--update drops it")
        for identity in identities(table, store, seeds):
            folder, of_row, seed = identity.folder(store), known.get(identity.row, {}), str(identity.seed)
            record, subject = read_record(folder), f"{table.id}, {identity.row}, seed {seed}"
            yield from _status(subject, identity, folder, record, of_row)
            if record is None or record["status"] != COMPLETE or not of_row:
                continue
            if seed in of_row and environment(record) == reference["environment"]:
                yield from _tight(subject, record, of_row[seed])
            else:
                yield from _coarse(subject, table, record, known, checked)


def _status(
    subject: str, identity: RunIdentity, folder: Path, record: dict | None, of_row: Mapping
) -> Iterator[Number]:
    if record is None:
        of_other_code = any(folder.parent.glob(folder.name.removesuffix(identity.key[:12]) + "*"))
        state = OF_OTHER_CODE if of_other_code else MISSING
        asked = f"{identity.table} --preset {PRESET} --seeds {identity.seed} --rows '{identity.row}'"
        note = f"`reproduce run {asked} --out {folder.parents[2]}` makes it"
        yield Number(LAYER, subject, "status", COMPLETE, state, note=note)
    else:
        note = record["error"] if record["status"] == FAILED else ""
        yield Number(LAYER, subject, "status", COMPLETE, record["status"], note=note)
    if not of_row:
        yield Number(LAYER, subject, NO_REFERENCE, "one", None, note="take it in with --update")


def _tight(subject: str, record: dict, expected: Mapping[str, Value]) -> Iterator[Number]:
    measured = numbers(record)
    for name in dict.fromkeys([*expected, *measured]):
        value = expected.get(name)
        tolerance = TOLERANCE * max(1, abs(value)) if isinstance(value, int | float) else 0
        yield Number(LAYER, subject, name, value, measured.get(name), tolerance)


def _coarse(subject: str, table: Table, record: dict, known: Mapping, checked: int) -> Iterator[Number]:
    note = "the reference has another seed, machine or versions: a coarse band"
    shown = {metric.name: metric.step for metric in table.metrics if metric.depends_on != TIME}
    for name, step in shown.items():
        by_row = {each: _known(seeds, name) for each, seeds in known.items()}
        of_row = by_row[record["row"]]
        if not of_row:
            continue
        middle, width = fmean(of_row), max(step, half_width(list(by_row.values()), len(of_row), checked))
        shares = all(0 <= value <= 1 for values in by_row.values() for value in values)
        hollow = shares and middle - width <= 0 and middle + width >= 1
        said = f"{note}, which no number from 0 to 1 can leave" if hollow else note
        yield Number(LAYER, subject, name, middle, record["metrics"].get(name), width + TOLERANCE, said)


def _known(seeds: Mapping[str, Mapping[str, Value]], name: str) -> list[float]:
    return [of_seed[name] for of_seed in seeds.values() if of_seed.get(name) is not None]


def read(path: Path, *keys: str) -> dict[str, dict]:
    """A file of the reference, which has to have the keys.

    Raises:
        InputError: the file is missing, damaged or no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}): take it from the repository again") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(key), dict) for key in [*content, *keys]):
        raise InputError(f"{path} is no file of the reference: take it from the repository again")
    return content


def made(tables: Iterable[Table], store: Path, seeds: Sequence[int], known: Mapping) -> tuple[dict, list[str]]:
    """A new reference of the runs of this code, of two seeds or more, which give the coarse bands their width.

    Rows that this code has not run at all stay as they are known.

    Returns:
        The reference, and the rows that are new in it.

    Raises:
        InputError: there are fewer seeds, a run is missing or failed, or runs were made in several environments.
    """
    if len(seeds) < 2:
        raise InputError("a reference takes two seeds, for the spread between them: --seeds 0,1")
    of_tables, environments, renewed = {}, [], []
    for table in tables:
        of_table = of_tables.setdefault(table.id, {})
        for row, of_row in groupby(identities(table, store, seeds), lambda identity: identity.row):
            records = {identity.seed: read_record(identity.folder(store)) for identity in of_row}
            kept = known["runs"].get(table.id, {}).get(row)
            if kept and not any(records.values()):
                of_table[row] = kept
                environments.append(known["environment"])
            else:
                _require_complete(table, row, records, store)
                of_table[row] = {str(seed): numbers(record) for seed, record in records.items()}
                environments += map(environment, records.values())
                renewed.append(f"{table.id}, {row}")
    if any(other != environments[0] for other in environments):
        raise InputError(
            f"what this code has run in {store} ({'; '.join(renewed)}) and what the reference keeps were made with "
            "several versions or machines: run all tables anew in an empty store"
        )
    return {"environment": environments[0], "runs": of_tables}, renewed


def _require_complete(table: Table, row: str, records: Mapping[int, dict | None], store: Path) -> None:
    for seed, record in records.items():
        if record is None or record["status"] != COMPLETE:
            state = f"failed ({record['error']})" if record else "is missing"
            raise InputError(
                f"{table.id}, {row}, seed {seed} {state} in {store}: "
                f"run `reproduce run {table.id} --preset {PRESET} --seeds {seed}` first"
            )
