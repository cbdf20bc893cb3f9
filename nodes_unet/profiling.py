"""Size of a network and memory of a process."""

import resource
import sys

import keras


def parameters(model: keras.Model) -> int:
    """Number of weights, trainable or not, as Keras counts them."""
    return model.count_params()


def parameter_bytes(model: keras.Model) -> int:
    """Bytes that the weights occupy."""
    return sum(weight.numpy().nbytes for weight in model.weights)


def peak_memory() -> int:
    """Largest resident size of this process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
