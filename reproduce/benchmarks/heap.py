"""Training with freed memory given back to the system, and kept."""

import resource
import time

import pandas as pd

from reproduce.fresh_process import measured
from reproduce.heap import keep_freed_memory

NETWORKS = "unet", "resnet_unet", "nodes_unet"
_WARM_UP = 3  # steps
_IMAGES = 8


def heap(network: str, size: int, filters: int, batch: int, steps: int) -> pd.DataFrame:
    """Trains a network in two fresh processes, without `keep_freed_memory` and with it.

    Returns:
        A line each: `seconds` of a training step, its page `faults`, `peak_bytes` of the process, and the `ratio` of
        the seconds to those without; or `error`.
    """
    lines = [
        {"freed memory": title, **measured(__name__, "train", kept, network, size, filters, batch, steps)}
        for title, kept in (("given back", False), ("kept", True))
    ]
    found = pd.DataFrame(lines)
    return found.assign(ratio=found.seconds / found.seconds[0]) if "seconds" in found else found


def train(kept: bool, network: str, size: int, filters: int, batch: int, steps: int) -> dict:
    """Trains in this process as runs do, batches made beside the steps, and says what a step took."""
    if kept:
        keep_freed_memory()
    import keras

    from nodes_unet.data.augmentation import Augmentation, Augmenter
    from nodes_unet.data.batches import Batches
    from nodes_unet.data.preprocessing import Preprocessing
    from nodes_unet.data.splits import all_copies
    from nodes_unet.data.synthetic import smear_source
    from nodes_unet.models import build
    from nodes_unet.profiling import peak_memory
    from nodes_unet.training import seed_everything

    seed_everything(0)
    images = list(smear_source(_IMAGES, 1).splits["train"]())
    items = all_copies(range(_IMAGES), -(-batch * (_WARM_UP + steps) // _IMAGES))
    batches = Batches(images, items, batch, Preprocessing((size, size)), Augmenter(Augmentation(), 0), seed=0)
    model = build(network, input_shape=(size, size, 3), filters=filters)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    states = []

    class Follow(keras.callbacks.Callback):
        """Notes time and page faults after each step."""

        def on_train_batch_end(self, batch, logs=None):
            """Keras' callback."""
            states.append((time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt))

    model.fit(batches.stream(), verbose=0, shuffle=False, callbacks=[Follow()])
    begin, end = states[_WARM_UP - 1], states[_WARM_UP + steps - 1]
    seconds, faults = ((last - first) / steps for first, last in zip(begin, end, strict=True))
    return {"seconds": seconds, "faults": faults, "peak_bytes": peak_memory()}
