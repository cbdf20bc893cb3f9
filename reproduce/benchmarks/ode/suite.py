"""All cases, one after the other; measurements are kept, so that an interrupted run goes on where it stopped."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from nodes_unet.errors import InputError
from reproduce.benchmarks.ode.case import Case, measure_in_a_fresh_process
from reproduce.benchmarks.ode.methods import METHODS
from reproduce.benchmarks.ode.problem import Problem
from reproduce.benchmarks.ode.reference import reference
from reproduce.durations import clock

MEASUREMENTS = "measurements.jsonl"


def run(
    folder: Path, problems: Sequence[Problem], tolerances: Sequence[float], methods: Sequence[str], repeats: int
) -> pd.DataFrame:
    """Measures what is missing or failed and returns all measurements of the folder.

    Raises:
        InputError: a method is unknown or its package is not installed, the folder cannot be written, or every case
            failed.
    """
    for name in methods:
        _check(name)
    try:
        (folder / "references").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}): choose another place with --out") from error
    done = {_key(measurement) for measurement in _read(folder) if "error" not in measurement}
    cases = [Case(problem, method, tolerance) for problem in problems for tolerance in tolerances for method in methods]
    missing = list({case.key: case for case in cases if case.key not in done}.values())
    console, began = Console(stderr=True, soft_wrap=True), time.monotonic()
    if known := len(cases) - len(missing):
        console.print(f"{known} of {len(cases)} cases were measured before", highlight=False)
    for number, case in enumerate(missing):
        measured = measure_in_a_fresh_process(case, reference(case.problem, folder / "references"), repeats)
        with (folder / MEASUREMENTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(measured) + "\n")
            file.flush()
            os.fsync(file.fileno())
        left = (time.monotonic() - began) / (number + 1) * (len(missing) - number - 1)
        console.print(_line(case, measured, number + 1, len(missing), left), highlight=False, markup=False)
    measurements = _read(folder)
    if all("error" in measurement for measurement in measurements):
        raise InputError(f"no case of {folder} could be measured; the last one: {measurements[-1]['error']}")
    return pd.DataFrame(measurements)


def _check(name: str) -> None:
    if name not in METHODS:
        raise InputError(f"unknown method {name!r}: choose from {'; '.join(METHODS)}")
    if not METHODS[name].available():
        raise InputError(f"{name} needs {METHODS[name].needs}: pip install -e '.[bench]', or leave it out")


def _read(folder: Path) -> list[dict]:
    """The newest measurement of each case."""
    path = folder / MEASUREMENTS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return list({_key(measurement): measurement for measurement in map(json.loads, lines)}.values())


def _key(measurement: dict) -> tuple:
    problem = Problem(*(measurement[name] for name in ("channels", "size", "activation", "scale")))
    return problem.name, measurement["method"], measurement["tolerance"]


def _line(case: Case, measured: dict, number: int, of: int, left: float) -> str:
    if "error" in measured:
        outcome = f"failed: {measured['error']}"
    else:
        outcome = f"NFE {measured['evaluations']}, step {1000 * measured['seconds_step']:.0f} ms"
    return f"[{number}/{of}] {case.problem.name} {case.method} {case.tolerance:g}: {outcome}; {clock(left)} left"
