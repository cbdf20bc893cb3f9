"""Layers that let a network with poolings take images of any size."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="nodes_unet")
class PadToMultiple(keras.layers.Layer):
    """Extends images at the bottom and on the right to multiples of a size, mirrored: (B, H, W, C) to (B, H', W', C).

    Args:
        multiple: that H' and W' are of.
    """

    def __init__(self, multiple: int, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, images):
        """Images of at least half the multiple's size."""
        height, width = ops.shape(images)[1:3]
        return ops.pad(
            images, [[0, 0], [0, -height % self.multiple], [0, -width % self.multiple], [0, 0]], mode="symmetric"
        )

    def compute_output_shape(self, input_shape):
        """H and W rounded up, None where unknown."""
        batch, *size, channels = input_shape
        return batch, *(side and side + -side % self.multiple for side in size), channels

    def get_config(self):
        """What the layer is rebuilt from."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable(package="nodes_unet")
class CropTo(keras.layers.Layer):
    """Cuts a tensor at the bottom and on the right to the size of another one, given second."""

    def call(self, inputs):
        """[(B, H', W', C), (B, H, W, any)] to (B, H, W, C)."""
        tensor, like = inputs
        height, width = ops.shape(like)[1:3]
        return tensor[:, :height, :width]

    def compute_output_shape(self, input_shape):
        """The first one's batch and channels, the second one's size."""
        (batch, _, _, channels), (_, height, width, _) = input_shape
        return batch, height, width, channels


def any_size(network: keras.Model, multiple: int) -> keras.Model:
    """A network for images of any size from one for multiples of a size."""
    image = keras.Input(network.input_shape[1:], name="image")
    return keras.Model(image, CropTo(name="cropped", dtype="float32")([network(PadToMultiple(multiple)(image)), image]))


def least_size(network: keras.Model) -> int:
    """The smallest height and width in pixels that a network can mirror to what it needs."""
    return max((layer.multiple // 2 for layer in network.layers if isinstance(layer, PadToMultiple)), default=1)
