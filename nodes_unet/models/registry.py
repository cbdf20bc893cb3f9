"""One registry of networks: a name, the module and the function that builds it, imported when it is asked for."""

import importlib
import inspect

import keras

from nodes_unet.errors import InputError

NETWORKS = {
    "unet": ("nodes_unet.models.unet", "unet"),
    "ode_unet": ("nodes_unet.models.ode_unet", "ode_unet"),
    "nodes_unet": ("nodes_unet.models.ode_unet", "nodes_unet"),
    "resnet_unet": ("nodes_unet.models.resnet_unet", "resnet_unet"),
    "attention_unet": ("nodes_unet.models.attention", "attention_unet"),
    "attention_linknet": ("nodes_unet.models.attention", "attention_linknet"),
    "c_resunet": ("nodes_unet.models.resunet", "c_resunet"),
    "resunet": ("nodes_unet.models.resunet", "resunet"),
    "classifier": ("nodes_unet.models.classifier", "classifier"),
    "count_head": ("nodes_unet.models.count_head", "count_head"),
}


INITIAL = ("encoder_weights",)  # arguments that say what the weights are at first: a checkpoint brings its own


def build(name: str, **arguments) -> keras.Model:
    """Builds a network.

    Args:
        name: unet, ode_unet, nodes_unet, resnet_unet, attention_unet, attention_linknet, c_resunet, resunet,
            classifier or count_head.
        **arguments: of the network's function; plain values (numbers, strings, lists).

    Returns:
        A Keras model named after the network.

    Raises:
        InputError: the name or an argument is unknown or impossible.
    """
    module, function = _entry(name)
    known = arguments_of(name)
    if unknown := [argument for argument in arguments if argument not in known]:
        raise InputError(f"network {name} has no argument {unknown[0]!r}: it has {', '.join(known)}")
    try:
        model = getattr(importlib.import_module(module), function)(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"network {name}: {error}") from error
    model.name = name
    return model


def arguments_of(name: str) -> tuple[str, ...]:
    """The names of the arguments that a network takes.

    Raises:
        InputError: the name is unknown.
    """
    module, function = _entry(name)
    return tuple(inspect.signature(getattr(importlib.import_module(module), function)).parameters)


def module_of(name: str) -> str:
    """The module that defines a network.

    Raises:
        InputError: the name is unknown.
    """
    return _entry(name)[0]


def _entry(name: str) -> tuple[str, str]:
    if name not in NETWORKS:
        raise InputError(f"unknown network {name!r}: choose one of {', '.join(NETWORKS)}")
    return NETWORKS[name]
