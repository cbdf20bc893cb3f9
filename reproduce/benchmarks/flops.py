"""Operations for one image, counted by TensorFlow's profiler and by XLA (Abbas & Abdulmunim 2023, Table 3)."""

import logging
from collections.abc import Iterable
from importlib.util import find_spec

import pandas as pd

from nodes_unet.errors import InputError
from reproduce.fresh_process import measured
from reproduce.recipe import values
from reproduce.table import Row, Table


def flops(table: Table, rows: Iterable[Row], size: int) -> pd.DataFrame:
    """Both counts, each network in a fresh process.

    Args:
        table: `attention`.
        rows: of it.
        size: height and width of the image.

    Returns:
        A line a row: `profiler`, `xla`, and `ratio`, the second by the first; or `error`.

    Raises:
        InputError: JAX, through which XLA's count is asked for, is not installed.
    """
    if find_spec("jax") is None:
        raise InputError("XLA's count is asked for through JAX: pip install -e '.[bench]'")
    lines = []
    for row in rows:
        encoder = values(table.settings("paper", row))["encoder"]
        arguments = {"encoder": encoder, **row.arguments, "input_shape": [size, size, 3], "classes": 1}
        lines.append({"row": row.name, **measured(__name__, "count", row.network, arguments)})
    return pd.DataFrame(lines)


def count(network: str, arguments: dict) -> dict[str, float]:
    """Counts the operations of one network in this process.

    XLA leaves out what a kernel would multiply beyond the image's edge; the profiler counts it.
    """
    import jax
    import numpy as np
    import tensorflow as tf
    from jax.experimental import jax2tf

    from nodes_unet.cost import flops
    from nodes_unet.models import build

    logging.getLogger("absl").setLevel(logging.ERROR)  # JAX warns of each variable that the function closes over
    model = build(network, **arguments)
    predict = tf.function(lambda image: model(image, training=False), jit_compile=True, autograph=False)
    image = np.zeros((1, *model.input_shape[1:]), np.float32)
    profiler, xla = flops(model), jax.jit(jax2tf.call_tf(predict)).lower(image).cost_analysis()["flops"]
    return {"profiler": profiler, "xla": xla, "ratio": xla / profiler}
