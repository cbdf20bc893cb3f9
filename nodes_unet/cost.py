"""What a network costs before it has seen an image: floating-point operations, and bytes on disk."""

import math
import tempfile
from pathlib import Path

import h5py
import keras
import tensorflow as tf
from keras.src.legacy.saving.legacy_h5_format import save_model_to_hdf5

# no public names: silence has none, and those of the profiler are deprecated without a successor
from tensorflow.python.profiler.model_analyzer import profile
from tensorflow.python.profiler.option_builder import ProfileOptionBuilder
from tensorflow.python.util.deprecation import silence

from nodes_unet.ode import ode_blocks


def flops(model: keras.Model) -> int:
    """Floating-point operations for one image of the network's input size, a multiplication and an addition as two.

    TensorFlow's profiler on the inference graph.

    Raises:
        ValueError: the input's size is not fixed, or there are ODE-blocks, whose loops would count once.
    """
    if None in model.input_shape[1:] or ode_blocks(model):
        raise ValueError("operations are counted of networks with a fixed input_shape and without ODE-blocks")
    image = tf.TensorSpec((1, *model.input_shape[1:]), model.inputs[0].dtype)
    predict = tf.function(lambda x: model(x, training=False), autograph=False).get_concrete_function(image)
    options = ProfileOptionBuilder.float_operation() | {"output": "none"}
    with silence():
        return profile(predict.graph, options=options).total_float_ops


def initialiser_flops(model: keras.Model) -> int:
    """Two operations for each weight of a kernel, which have nothing to do with what the network costs.

    It is what TensorFlow's profiler counts of a TensorFlow 1 graph whose batch size is unknown: it skips the
    convolutions and sees the kernels being initialised, random numbers times a factor plus an offset.
    """
    return 2 * sum(math.prod(weight.shape) for weight in model.trainable_weights if len(weight.shape) > 1)


def stored_bytes(model: keras.Model, with_optimizer: bool) -> int:
    """Size of the network's HDF5 file; with the state of the optimizer that it is compiled with, or without."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        with h5py.File(path, "w") as file:
            save_model_to_hdf5(model, file, include_optimizer=with_optimizer)
        return path.stat().st_size
