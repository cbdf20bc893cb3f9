"""What commands are told by name: tables, which the scripts in `experiments` define, their rows, and seeds."""

import importlib
import pkgutil

from nodes_unet.errors import InputError
from reproduce.table import Row, Table


def load_tables() -> dict[str, Table]:
    """The tables that the scripts in `experiments` define, by id."""
    package = importlib.import_module("experiments")
    modules = [importlib.import_module(f"experiments.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return {module.TABLE.id: module.TABLE for module in modules}


def find_table(name: str) -> Table:
    """A table by id.

    Raises:
        InputError: there is none of that name.
    """
    tables = load_tables()
    if name not in tables:
        raise InputError(f"unknown table {name!r}: choose from {', '.join(tables)}")
    return tables[name]


def rows_of(text: str, table: Table) -> list[Row]:
    """The rows of `U-Net,ODEUNet5`.

    Raises:
        InputError: the table lacks one, it cannot be run, or one is named twice.
    """
    rows = [table.row(name.strip()) for name in text.split(",")]
    for number, row in enumerate(rows):
        if row in rows[:number]:
            raise InputError(f"--rows {text!r} has {row.name} twice: leave one out")
    return rows


def seeds_of(text: str) -> list[int]:
    """The seeds of `0,1,2`.

    Raises:
        InputError: the text is no such list.
    """
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--seeds {text!r} is no list of whole numbers: write it as 0,1,2") from error
    if not all(0 <= seed < 2**32 for seed in seeds):
        raise InputError(f"--seeds {text!r}: a seed lies between 0 and {2**32 - 1}")
    if len(set(seeds)) < len(seeds):
        raise InputError(f"--seeds {text!r} has a seed twice: leave one out")
    return seeds
