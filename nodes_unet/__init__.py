"""Neural ODEs in U-Nets for microscopy: the ODE-block, the networks of three papers, data, training and checkpoints.

The package imports in an instant: Keras and TensorFlow come with the first name that needs them. Whenever Keras is
imported, before or after, the layers that `keras.models.load_model` needs for checkpoints of this package are
registered.
"""

import importlib
import logging

import lazy_loader
import wrapt

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "checkpoint",
        "cost",
        "counting",
        "data",
        "inference",
        "instance_metrics",
        "losses",
        "matching",
        "metrics",
        "models",
        "ode",
        "overlap",
        "postprocessing",
        "schedule",
        "training",
        "weight_maps",
    ],
    submod_attrs={
        "checkpoint": ["load", "read_description"],
        "errors": ["InputError", "SolverError", "TrainingError"],
        "models": ["build"],
        "ode": ["ConvDynamics", "ODEBlock", "set_tolerance"],
    },
)

# TensorFlow Probability's adjoint warns of a deprecated argument of its own at every trace
logging.getLogger("tensorflow").addFilter(lambda record: "back_prop=False" not in record.getMessage())


@wrapt.when_imported("keras")
def _register_layers(_):
    for module in ("ode", "models.padding", "models.mirror", "models.encoder_layers"):
        importlib.import_module(f"nodes_unet.{module}")
