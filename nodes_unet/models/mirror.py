"""Mirror images within a network."""

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="nodes_unet")
class Mirror(keras.layers.Layer):
    """Images (B, H, W, C) with the order of pixels reversed.

    Args:
        axes: along which it is: 1 turns images upside down, 2 swaps left and right.
    """

    def __init__(self, axes: Sequence[int], **kwargs):
        super().__init__(**kwargs)
        self.axes = list(axes)

    def call(self, images):
        """Of the images' shape and dtype."""
        return ops.flip(images, self.axes)

    def get_config(self):
        """What the layer is rebuilt from."""
        return {**super().get_config(), "axes": self.axes}
