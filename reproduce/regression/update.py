"""A new reference, with the reason for it in a dated log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nodes_unet.errors import InputError
from nodes_unet.files import write_json, write_text
from reproduce.records import git_state
from reproduce.regression import checkpoints, reference
from reproduce.regression.number import Number
from reproduce.regression.reference import EMPTY, MISSING, NO_REFERENCE, OF_OTHER_CODE
from reproduce.table import Table

LOG = "log.md"
_TITLE = "# Why the reference is what it is\n"


def update(tables: Mapping[str, Table], store: Path, folder: Path, seeds: Sequence[int], reason: str) -> list[Number]:
    """Makes the present numbers the reference and returns those that moved; rows that were not run stay as they are.

    Args:
        tables: by id.
        store: with the runs of this code.
        folder: of the reference; it gets images and networks where it lacks them.
        seeds: of the runs.
        reason: one line, for the log.

    Raises:
        InputError: the reason is empty, a run is missing, or a file cannot be written; the reference is unchanged then.
    """
    if not reason.strip():
        raise InputError("--update needs the reason for the new reference, for its log")
    known = EMPTY | _read(folder / reference.FILE)
    runs, renewed = reference.made(tables.values(), store, seeds, known)
    checkpoints.keep(tables, store, folder)
    evaluated = list(checkpoints.check(tables, folder, _read(folder / checkpoints.FILE)))
    compared = [*reference.check(tables.values(), store, known, seeds), *evaluated]
    moved = [number for number in compared if not number.holds and number.found not in (MISSING, OF_OTHER_CODE)]
    path = folder / LOG
    log = path.read_text(encoding="utf-8") if path.exists() else _TITLE
    write_text(path, log + _entry(reason, seeds, renewed, moved))
    write_json(folder / reference.FILE, runs)
    write_json(folder / checkpoints.FILE, _by_case(evaluated))
    return moved


def _read(path: Path) -> dict:
    return reference.read(path) if path.exists() else {}


def _by_case(numbers: Sequence[Number]) -> dict[str, dict[str, float]]:
    cases = {}
    for number in numbers:
        if number.found not in (None, checkpoints.DROPPED):
            cases.setdefault(number.subject, {})[number.name] = number.found
    return cases


def _entry(reason: str, seeds: Sequence[int], renewed: Sequence[str], moved: Sequence[Number]) -> str:
    state = git_state()
    changes = ", with uncommitted changes" if state["dirty"] else ""
    known = [number for number in moved if number.expected is not None and number.name != NO_REFERENCE]
    lines = "".join(f"- {number}\n" for number in known)
    return (
        f"\n## {datetime.now(UTC):%Y-%m-%d}: {reason.strip()}\n\n"
        f"Code {state['revision']}{changes}; seeds {', '.join(map(str, seeds))}; {len(known)} numbers moved, "
        f"{len(moved) - len(known)} are new. Rows that were run: {'; '.join(renewed) or 'none'}.\n\n{lines}"
    )
