"""The moving averages of batch normalisation."""

import keras


def set_momentum(model: keras.Model, momentum: float) -> None:
    """Batch normalisations of the model keep this part of their moving averages at each training step.

    The averages begin at 0 and 1; after n steps momentum ** n of that is left in them. Networks inside of the model are
    not reached.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
