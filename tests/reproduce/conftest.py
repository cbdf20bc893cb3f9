"""A table of two rows that trains in seconds, on the data set of discs."""

from dataclasses import replace

import pytest

from experiments.ode_position import TABLE
from reproduce.recipe import assumed

TINY = {
    name: assumed(value, "tests: seconds a network")
    for name, value in {
        "image_size": [32, 32],
        "filters": 2,
        "copies": 1,
        "epochs": 2,
        "batch_size": 4,
        "learning_rate": 1e-2,
        "timed_images": 2,
        "timed_passes": 1,
        "synthetic_train": 4,
        "synthetic_test": 1,
    }.items()
}


@pytest.fixture(scope="session")
def tiny_table():
    rows = [TABLE.row("U-Net"), TABLE.row("ODEUNet5")]
    return replace(TABLE, rows=rows, presets={"tiny": TINY})


@pytest.fixture
def exploding(tiny_table):
    """The same table with a row in front whose loss does not stay finite."""
    row = replace(tiny_table.rows[0], name="Exploding", changes={"learning_rate": assumed(1e30, "to fail")})
    return replace(tiny_table, rows=[row, *tiny_table.rows])
