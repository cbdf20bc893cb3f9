import json
import subprocess
import sys

from reproduce.benchmarks.stream import stream


def test_streaming_is_measured_against_bare_reading(tmp_path):
    measured = stream(12, tmp_path)
    assert measured["crops"] == 12
    assert measured["ratio_to_floor"] == measured["seconds_streaming"] / measured["seconds_floor_reading_only"]
    assert measured["peak_memory_megabytes"] > 50
    assert list(tmp_path.iterdir()) == []


def test_xla_is_measured_against_none():
    # in a fresh process: Keras refuses XLA once operations were made deterministic
    command = [sys.executable, "-m", "reproduce", "bench", "xla", "--size", "16", "--filters", "2", "--batch", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    measured = json.loads(run.stdout)
    assert measured["ratio"] == measured["seconds_with_xla"] / measured["seconds_without_xla"]
