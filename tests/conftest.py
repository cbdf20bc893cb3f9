"""Fixtures shared by the tests: seeds, and a small labelled data set that a small network can learn."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hypothesis
import numpy as np
import pytest

from nodes_unet.data.source import Sample, Source
from nodes_unet.data.store import Dataset, write_dataset

# a slow machine is no failure, and no example of one run is kept for the next
hypothesis.settings.register_profile("steady", deadline=None, database=None)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def seeded():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def labelled_images():
    """A function that finds real images, which are beside this checkout, or skips the test where there are none."""
    place = Path(os.environ.get("NODES_UNET_DATA", Path(__file__).parents[2] / "shared" / "data"))

    def find(name):
        if not (place / name).is_dir():
            pytest.skip(f"{place} holds no {name}; set NODES_UNET_DATA to a folder that does")
        return place / name

    return find


def discs(count, size=32, first=0):
    """Images with a white and a red disc each on a pale ground, and their masks."""
    rows, columns = np.mgrid[:size, :size]
    for number in range(first, first + count):
        random = np.random.default_rng(number)
        mask = np.zeros((size, size), np.uint8)
        for label in (2, 1):
            y, x = random.uniform(size * 0.25, size * 0.75, 2)
            mask[(rows - y) ** 2 + (columns - x) ** 2 < (size / 5) ** 2] = label
        colours = np.array([[230, 225, 220], [90, 60, 150], [220, 110, 110]])
        image = colours[mask] + random.normal(0, 6, (size, size, 3))
        yield Sample(f"disc{number:03d}", f"slide{number // 2}", image.clip(0, 255).astype(np.uint8), mask)


@pytest.fixture(scope="session")
def disc_file(tmp_path_factory):
    """A dataset file with 16 training and 4 test images of 32x32."""
    path = tmp_path_factory.mktemp("discs") / "discs.h5"
    source = Source(
        name="discs",
        classes=("background", "white", "red"),
        role="synthetic",
        origin="drawn by the tests",
        licence="CC0-1.0",
        splits={"train": lambda: discs(16), "test": lambda: discs(4, first=100)},
    )
    write_dataset(path, source)
    return path


@pytest.fixture
def disc_dataset(disc_file):
    return Dataset(disc_file)
