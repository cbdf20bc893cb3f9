"""CSV files from outside."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from nodes_unet.errors import InputError


def read_table(path: Path, columns: Sequence[str], remedy: str) -> pd.DataFrame:
    """The lines of a CSV file as texts, blank ones left out, by their numbers in the file.

    Args:
        path: of the file, whose first line names its columns.
        columns: that every line has to fill.
        remedy: what to do where there is no such file, for the message.

    Raises:
        InputError: the file is missing or no CSV file, it lacks a column, or a line has values too many or too few.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist: {remedy}")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a CSV file ({str(error).strip()}): {remedy}") from error
    if not set(columns) <= set(table):
        raise InputError(f"{path} has the columns {', '.join(table)}: it needs {', '.join(columns)}, by commas")
    if not isinstance(table.index, pd.RangeIndex):  # pandas then takes the first column for an index
        raise InputError(f"{path}, line 2: there are more values than columns, see whether it ends in a comma")
    table.index = range(2, len(table) + 2)
    table = table[(table != "").any(axis=1)]
    for column in columns:
        if (blank := table.index[table[column] == ""]).size:
            line = ", ".join(filter(None, (f"line {blank[0]}", table.at[blank[0], columns[0]])))
            raise InputError(f"{path}, {line}: there is no {column}, see whether the line was cut off")
    return table
