"""Published numbers: every number of the papers' result tables, as printed, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

LI, ABBAS, MORELLI = "li2021", "abbas2023", "morelli2021"
PAPERS = {LI: "Li et al. 2021", ABBAS: "Abbas & Abdulmunim 2023", MORELLI: "Morelli et al. 2021"}


@dataclass(frozen=True)
class Published:
    """One published number; `value` keeps the printed digits."""

    paper: str
    table: str
    row: str
    metric: str
    protocol: str
    value: str
    unit: str
    better: str
    place: str
    note: str


@cache
def published_numbers(paper: str) -> tuple[Published, ...]:
    """All numbers of a paper (`li2021`, ...)."""
    with resources.files("reproduce").joinpath("published", f"{paper}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return tuple(Published(**row) for row in table.to_dict("records"))


def find(paper: str, tables: Sequence[str], row: str, metric: str) -> Published | None:
    """The first number of a cell that stands in one of some tables, or None."""
    for number in published_numbers(paper):
        if number.table in tables and (number.row, number.metric) == (row, metric):
            return number
    return None
