"""Size of a network and memory of a process."""

import re
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def parameters(model: "keras.Model") -> int:
    """Number of weights, trainable or not, as Keras counts them."""
    return model.count_params()


def parameter_bytes(model: "keras.Model") -> int:
    """Bytes that the weights occupy."""
    return sum(weight.numpy().nbytes for weight in model.weights)


def peak_memory() -> int:
    """Largest resident size of this process so far, bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where getrusage counts in the size of the process that started this one
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
