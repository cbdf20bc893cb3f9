"""Tests of HDF5 files: arrays of images, a disk that runs full, and a signal in the middle of a write."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from nodes_unet import InputError
from nodes_unet.hdf5 import read_group, write_groups


def test_groups_come_back_as_they_were(tmp_path):
    random = np.random.default_rng(0)
    groups = {
        "first": {"image": random.integers(0, 256, (5, 4, 3), np.uint8), "truth": np.zeros((0, 4), np.uint16)},
        "second": {"image": random.random((3, 3), np.float32)},
    }
    write_groups(tmp_path / "arrays.h5", groups.items())
    for name, arrays in groups.items():
        found = read_group(tmp_path / "arrays.h5", name)
        assert list(found) == sorted(arrays)
        for part, array in arrays.items():
            np.testing.assert_array_equal(found[part], array, strict=True)


def test_a_failure_in_between_leaves_what_was_there(tmp_path):
    path = tmp_path / "arrays.h5"
    write_groups(path, [("old", {"image": np.ones(3)})])

    def groups():
        yield "new", {"image": np.zeros(3)}
        raise InputError("no second image")

    with pytest.raises(InputError, match="no second image"):
        write_groups(path, groups())
    np.testing.assert_array_equal(read_group(path, "old")["image"], np.ones(3))
    assert list(tmp_path.iterdir()) == [path]


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from nodes_unet.errors import InputError
from nodes_unet.hdf5 import write_groups

noise = np.random.default_rng(0).integers(0, 256, (40, 100, 100), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_groups(Path(sys.argv[1]), ((str(number), {"image": image}) for number, image in enumerate(noise)))
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [0, 1_000, 200_000])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, limit):
    command = [sys.executable, "-c", FULL, tmp_path / "arrays.h5", str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "arrays.h5 cannot be written (file too large)" in done.stdout
    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import signal, sys
from pathlib import Path
import numpy as np
from nodes_unet import hdf5

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
signal.signal(signal.SIGINT, lambda *_: sys.exit(130))

class Interrupted(hdf5.Disk):
    left = int(sys.argv[2])

    def write(self, content):
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(int(sys.argv[3]))
        return super().write(content)

hdf5.Disk = Interrupted
noise = np.random.default_rng(0).integers(0, 256, (40, 100, 100), np.uint8)
hdf5.write_groups(Path(sys.argv[1]), ((str(number), {"image": image}) for number, image in enumerate(noise)))
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("write", [1, 2, 100, 250])
def test_a_signal_within_a_write_ends_the_process_and_leaves_nothing(tmp_path, write, sent, code):
    command = [sys.executable, "-c", INTERRUPTED, tmp_path / "arrays.h5", str(write), str(int(sent))]
    assert subprocess.run(command, timeout=60).returncode == code
    assert list(tmp_path.iterdir()) == []
