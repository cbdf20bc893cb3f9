"""Memory of training: the paper's "constant memory" (Li et al. 2021, section 3.1) in numbers."""

from collections.abc import Sequence

import pandas as pd

from reproduce.fresh_process import measured

NETWORKS = {
    "U-Net": ("unet", {}),
    "ResNet": ("resnet_unet", {}),
    **{
        f"NODEs-UNet, {gradient}": ("nodes_unet", {"gradient": gradient})
        for gradient in ("discrete", "backprop", "adjoint")
    },
}
_STEPS = 2


def memory(size: int, filters: int, batch: int, networks: Sequence[str] = ()) -> pd.DataFrame:
    """Peak memory of training steps, each network (by default all of `NETWORKS`) in a fresh process.

    Returns:
        A line a network: `peak_bytes` (resident size of the process), `step_bytes` (of these, what came on top of
        TensorFlow, weights and optimizer), `parameter_bytes`, and `nfe` of the last step; or `error`.
    """
    lines = []
    for name in networks or NETWORKS:
        network, arguments = NETWORKS[name]
        lines.append({"network": name, **measured(__name__, "train", network, arguments, size, filters, batch)})
    return pd.DataFrame(lines)


def train(network: str, arguments: dict, size: int, filters: int, batch: int) -> dict:
    """Takes training steps in this process and says what they needed."""
    import numpy as np

    from nodes_unet.models import build
    from nodes_unet.ode import ode_blocks
    from nodes_unet.profiling import parameter_bytes, peak_memory

    model = build(network, input_shape=(size, size, 3), filters=filters, **arguments)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    random = np.random.default_rng(0)
    images = random.random((batch, size, size, 3), np.float32)
    labels = random.integers(0, 3, (batch, size, size))
    before = peak_memory()
    for _ in range(_STEPS):
        model.train_on_batch(images, labels)
    return {
        "peak_bytes": peak_memory(),
        "step_bytes": peak_memory() - before,
        "parameter_bytes": parameter_bytes(model),
        "nfe": sum(block.nfe for block in ode_blocks(model)),
    }
