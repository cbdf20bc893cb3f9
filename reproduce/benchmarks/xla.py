"""Training with and without XLA."""

import keras
import numpy as np

from nodes_unet.models import build
from reproduce.benchmarks.timing import median_seconds

NETWORKS = {"unet": {}, "ode_unet": {"position": 5}}


def xla(network: str, size: int, filters: int, batch: int, steps: int = 5) -> dict:
    """Training steps of one of `NETWORKS` with and without XLA on the default device.

    Returns:
        Median seconds of a step without and with XLA, and their ratio (above 1: XLA is slower).
    """
    arguments = NETWORKS[network]
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
    return median_seconds(lambda: model.train_on_batch(images, labels), steps)
