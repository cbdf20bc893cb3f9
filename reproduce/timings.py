"""What records say of time, memory and machine."""

import time

import pandas as pd

from nodes_unet.devices import describe, devices
from nodes_unet.profiling import peak_memory
from reproduce.request import Request


def timings(request: Request, history: pd.DataFrame, began: float) -> dict:
    """Of a row that was trained.

    Args:
        request: with the number of devices.
        history: of the training, with the seconds of each epoch.
        began: when the evaluation began, of `time.perf_counter`.
    """
    return {
        "training_seconds": float(history["seconds"].sum()),
        "evaluation_seconds": time.perf_counter() - began,
        "process_peak_memory_bytes": peak_memory(),
        "machine": describe(devices(request.number_of_devices)),
    }
