"""A table of two rows that trains in seconds, on the data set of discs; processes that can be interrupted."""

import signal
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

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


@pytest.fixture
def interruptible():
    """Processes that a test starts heed SIGINT, which shells have what they run in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def legends_cover_no_title(monkeypatch):
    """Every figure that a test draws keeps its legends off the titles of the whole."""
    save = Figure.savefig

    def checked(figure, *args, **kwargs):
        save(figure, *args, **kwargs)
        titles = [text.get_window_extent() for text in figure.texts]
        for legend in figure.legends:
            assert not legend.get_window_extent().count_overlaps(titles), "a legend covers a title"

    monkeypatch.setattr(Figure, "savefig", checked)


@pytest.fixture(scope="session")
def tiny_table():
    rows = [TABLE.row("U-Net"), TABLE.row("ODEUNet5")]
    return replace(TABLE, rows=rows, presets={"tiny": TINY})


@pytest.fixture
def exploding(tiny_table):
    """The same table with a row in front whose loss does not stay finite."""
    row = replace(tiny_table.rows[0], name="Exploding", changes={"learning_rate": assumed(1e30, "to fail")})
    return replace(tiny_table, rows=[row, *tiny_table.rows])
