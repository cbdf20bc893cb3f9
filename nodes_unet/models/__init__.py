"""The networks, by name."""

from nodes_unet.models.registry import NETWORKS, build, module_of

__all__ = ["NETWORKS", "build", "module_of"]
