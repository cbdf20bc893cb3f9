"""What a network costs, trained or not: operations for an image, and bytes on disk."""

from collections.abc import Mapping

from nodes_unet.cost import flops, initialiser_flops, stored_bytes
from nodes_unet.models import build


def costs(network: str, arguments: Mapping, settings: Mapping) -> dict[str, int]:
    """Operations for an image of `flops_size`, and bytes of the file with and without the optimizer's state.

    Args:
        network, arguments: of `nodes_unet.models.build`.
        settings: the recipe's values; without `flops_size`, nothing is counted.
    """
    if "flops_size" not in settings:
        return {}
    model = build(network, **{**arguments, "input_shape": [*settings["flops_size"], 3], "encoder_weights": None})
    model.compile(settings["optimizer"])
    model.optimizer.build(model.trainable_variables)
    return {
        "flops": flops(model),
        "flops.initialisers": initialiser_flops(model),
        "stored_bytes": stored_bytes(model, with_optimizer=False),
        "stored_bytes.with_optimizer": stored_bytes(model, with_optimizer=True),
    }
