"""The networks, by name."""

from nodes_unet.models.registry import NETWORKS, arguments_of, build, module_of

__all__ = ["NETWORKS", "arguments_of", "build", "module_of"]
