"""Benchmarks: ratios measured within one run against a named floor or peer."""

import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import smear_source
from nodes_unet.models import build
from nodes_unet.profiling import peak_memory


def stream(crops: int, folder: Path | None = None) -> dict:
    """Writes a synthetic dataset and streams one epoch of training batches from it.

    Args:
        crops: number of 256x256 training crops.
        folder: where the dataset file goes for the time of the benchmark; by default the system's temporary folder.

    Returns:
        Seconds, the ratio to the floor (reading the same images in the same order and doing nothing with them), the
        size of the decoded data and of the file, and the peak memory of this process.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "crops.h5"
        writing = _seconds(lambda: write_dataset(path, smear_source(crops, 1)))
        split = Dataset(path).splits["train"]
        batches = Batches(split, all_copies(range(crops), 1), 8, Preprocessing(), Augmenter(Augmentation(), 0), seed=0)
        order = np.random.default_rng(0).permutation(crops)
        floor = _seconds(lambda: [split[int(number)] for number in order])
        streaming = _seconds(lambda: [None for number in range(batches.num_batches) if batches[number] is None])
        return {
            "crops": crops,
            "seconds_writing_with_generation": writing,
            "seconds_streaming": streaming,
            "seconds_floor_reading_only": floor,
            "ratio_to_floor": streaming / floor,
            "decoded_megabytes": crops * 256 * 256 * 4 / 1e6,
            "file_megabytes": path.stat().st_size / 1e6,
            "peak_memory_megabytes": peak_memory() / 1e6,
        }


def xla(network: str, size: int, filters: int, batch: int, steps: int = 5) -> dict:
    """Training steps with and without XLA on the default device.

    Returns:
        Median seconds of a step without and with XLA, and their ratio (above 1: XLA is slower).
    """
    arguments = {"position": 5} if network == "ode_unet" else {}
    plain, compiled = (
        _step_seconds(
            build(network, input_shape=(size, size, 3), filters=filters, **arguments), size, batch, steps, jit
        )
        for jit in (False, True)
    )
    return {"seconds_without_xla": plain, "seconds_with_xla": compiled, "ratio": compiled / plain}


def _step_seconds(model: keras.Model, size: int, batch: int, steps: int, jit: bool) -> float:
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=jit)
    random = np.random.default_rng(0)
    images = random.random((batch, size, size, 3), np.float32)
    labels = random.integers(0, 3, (batch, size, size))
    model.train_on_batch(images, labels)
    return statistics.median(_seconds(lambda: model.train_on_batch(images, labels)) for _ in range(steps))


def _seconds(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began
