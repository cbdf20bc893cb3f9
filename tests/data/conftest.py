"""Samples of noise and sources made of them."""

import numpy as np
import pytest

from nodes_unet.data.source import Sample, Source
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.errors import InputError


@pytest.fixture(scope="session")
def noise():
    """A function that draws a sample of noise; its number decides everything."""

    def noise(number, height=12, width=16, dtype=np.uint8, **changes):
        random = np.random.default_rng(number)
        image = random.integers(0, 256, (height, width, 3), np.uint8)
        mask = random.integers(0, 3 if dtype == np.uint8 else 60_000, (height, width)).astype(dtype)
        fields = {"id": f"image{number}", "group": f"slide{number // 2}", "image": image, "mask": mask}
        return Sample(**fields | changes)

    return noise


@pytest.fixture(scope="session")
def source_of():
    """A function that makes a source of lists of samples."""

    def source_of(train, test, val=None, **changes):
        splits = {"train": train, "test": test} | ({} if val is None else {"val": val})
        fields = {
            "name": "noise",
            "classes": ("background", "white", "red"),
            "role": "proxy",
            "origin": "drawn by the tests",
            "licence": "CC0-1.0",
            "splits": {name: lambda samples=samples: iter(samples) for name, samples in splits.items()},
        }
        return Source(**fields | changes)

    return source_of


@pytest.fixture
def store(tmp_path, source_of):
    """A function that writes samples to a new file and opens it."""

    def store(train, test, val=None, file="noise.h5", **changes):
        write_dataset(tmp_path / file, source_of(train, test, val, **changes))
        return Dataset(tmp_path / file)

    return store


@pytest.fixture
def noise_dataset(store, noise):
    """Five training and two test images of one size."""
    return store([noise(number) for number in range(5)], [noise(number) for number in (10, 11)])


@pytest.fixture
def below_a_file(tmp_path):
    """A path that nobody can write to: its folder is a regular file."""
    (tmp_path / "taken").write_text("a regular file")
    return tmp_path / "taken" / "out"


@pytest.fixture
def refuse_source(tmp_path):
    """A function that asserts that `make_source(folder)` is refused, at once or while it is stored, with nothing left.

    All the words have to be in the sentence.
    """

    def refuse_source(make_source, folder, *words):
        out = tmp_path / "refused"
        with pytest.raises(InputError) as caught:
            write_dataset(out / "dataset.h5", make_source(folder))
        for word in words:
            assert str(word) in str(caught.value)
        assert not out.exists() or list(out.iterdir()) == []

    return refuse_source
