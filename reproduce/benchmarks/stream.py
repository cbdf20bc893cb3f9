"""Streaming from a dataset file that is larger than memory."""

import tempfile
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import smear_source
from nodes_unet.profiling import peak_memory
from reproduce.benchmarks.timing import seconds


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
        writing = seconds(lambda: write_dataset(path, smear_source(crops, 1)))
        split = Dataset(path).splits["train"]
        batches = Batches(split, all_copies(range(crops), 1), 8, Preprocessing(), Augmenter(Augmentation(), 0), seed=0)
        order = np.random.default_rng(0).permutation(crops)
        floor = seconds(lambda: _exhaust(split[int(number)] for number in order))
        streaming = seconds(lambda: _exhaust(batches[number] for number in range(batches.num_batches)))
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


def _exhaust(items: Iterable) -> None:
    deque(items, maxlen=0)
