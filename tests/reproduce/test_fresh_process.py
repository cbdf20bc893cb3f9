"""Processes of their own end with the one that asked for them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODE = """
import signal, sys
from reproduce.fresh_process import measured
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
    measured("time", "sleep", 60, tensorflow=False)
"""


def children(process):
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not listed.exists():
        pytest.skip("this system does not tell the children of a process")
    return listed.read_text().split()


def runs(pid):
    """Whether a process is there and not only waits for its end to be taken note of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_measurement_leaves_no_process(tmp_path, sent):
    script = tmp_path / "measure.py"
    script.write_text(CODE)
    process = subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True)
    while len(started := children(process)) < 2:  # the measurement, and what tracks its resources
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(sent)
    _, said = process.communicate(timeout=20)
    assert process.returncode != 0 and "SpawnProcess" not in said
    patience = time.monotonic() + 10
    while any(map(runs, started)) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not list(filter(runs, started))
