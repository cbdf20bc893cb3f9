"""HDF5 files: written on a disk that may run full, and arrays of images."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from nodes_unet.files import replacing
from nodes_unet.signals import HeldSignals


class Disk(io.FileIO):
    """A file for `h5py.File` to write into, which keeps its first failing write to itself until it is closed.

    Where HDF5 meets a failing write by itself, it goes on and crashes the process when the file is closed.
    """

    def __init__(self, path: Path):
        super().__init__(path, "r+")
        self.failure = None

    def write(self, content) -> int:
        """Writes all of `content`, or nothing more once a write has failed."""
        rest = memoryview(content)
        try:
            while rest and self.failure is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.failure = error
        return len(content)

    def check(self) -> None:
        """Raises the OSError that a write failed with, if one has."""
        if self.failure is not None:
            raise self.failure

    def __exit__(self, *error):
        super().__exit__(*error)
        self.check()


@contextmanager
def writing(path: str | Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Gives an HDF5 file that appears under its name when the block ends well, and a check for long writing.

    SIGINT and SIGTERM wait until the file is closed or the check is called: what their handlers raise within a write is
    a failing write to HDF5. The check also raises the OSError that a write failed with.

    Raises:
        InputError: the file cannot be written.
    """
    with (
        replacing(path) as temporary,
        HeldSignals() as signals,
        Disk(temporary) as disk,
        h5py.File(disk, "w") as file,
    ):

        def check():
            disk.check()
            signals.deliver()

        yield file, check


def write_groups(path: Path, groups: Iterable[tuple[str, Mapping[str, np.ndarray]]]) -> None:
    """Writes groups of compressed arrays by name in one piece.

    Raises:
        InputError: the file cannot be written.
    """
    with writing(path) as (file, check):
        for name, arrays in groups:
            check()
            group = file.create_group(name)
            for part, array in arrays.items():
                group.create_dataset(part, data=array, compression="gzip")


def read_group(path: Path, name: str) -> dict[str, np.ndarray]:
    """One group of a file that `write_groups` wrote, arrays by name."""
    with h5py.File(path, "r") as file:
        return {part: array[()] for part, array in file[name].items()}
