"""A table whose preset `smoke` takes seconds."""

from dataclasses import replace

import pytest

from reproduce.recipe import assumed


@pytest.fixture(scope="session")
def tiny(tiny_table):
    changes = {"epochs": 4, "copies": 2, "synthetic_train": 12, "synthetic_test": 2}
    own = {name: assumed(value, "tests: seconds a network, with augmented copies") for name, value in changes.items()}
    return replace(tiny_table, presets={"smoke": tiny_table.presets["tiny"] | own})
