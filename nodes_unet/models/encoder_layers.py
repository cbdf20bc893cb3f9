"""Layers in place of the anonymous functions in segmentation-models' encoders, which a checkpoint must not carry."""

import keras


@keras.saving.register_keras_serializable(package="nodes_unet")
class Channels(keras.layers.Layer):
    """Some neighbouring channels of a tensor: (B, H, W, C) to (B, H, W, stop - start).

    Args:
        start, stop: the first channel, and the first one after the last.
    """

    def __init__(self, start: int, stop: int, **kwargs):
        super().__init__(**kwargs)
        self.start, self.stop = start, stop

    def call(self, tensor):
        """(B, H, W, C) to (B, H, W, stop - start)."""
        return tensor[..., self.start : self.stop]

    def get_config(self):
        """What the layer is rebuilt from."""
        return {**super().get_config(), "start": self.start, "stop": self.stop}


@keras.saving.register_keras_serializable(package="nodes_unet")
class ScaledSum(keras.layers.Layer):
    """A tensor plus a multiple of another one of its shape.

    Args:
        scale: of the second.
    """

    def __init__(self, scale: float, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        """Two tensors of one shape to one."""
        first, second = inputs
        return first + self.scale * second

    def get_config(self):
        """What the layer is rebuilt from."""
        return {**super().get_config(), "scale": self.scale}
