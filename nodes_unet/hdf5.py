"""Writing HDF5 files on a disk that may run full."""

import io
from pathlib import Path


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
