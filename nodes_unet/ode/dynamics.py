"""The right-hand side f(h(t), t, theta) of the ODE-block (Li et al. 2021, equation 3 and Figure 4)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("nodes_unet")
class ConvDynamics(keras.layers.Layer):
    """Two 3x3 convolutions, each with ReLU and with the time t as an additional input channel.

    Parameters: 2 * (9 * (filters + 1) * filters + filters). The paper draws the two convolutions and says that t is fed
    into the network; the channel, the ReLU after both and the initial values (Keras' own: glorot_uniform and zeros) are
    those of the Keras ODE layers of its time.

    Args:
        filters: channels of the state.

    Call arguments:
        time: scalar.
        state: (B, H, W, filters); the derivative has the same shape and dtype.
    """

    def __init__(self, filters: int, **arguments):
        super().__init__(**arguments)
        self.filters = filters
        self.conv1 = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", name="conv1", dtype=self.dtype_policy
        )
        self.conv2 = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", name="conv2", dtype=self.dtype_policy
        )

    def build(self, state_shape):
        """Makes the weights of both convolutions."""
        with_time = (*state_shape[:-1], self.filters + 1)
        self.conv1.build(with_time)
        self.conv2.build(with_time)

    def call(self, time, state):
        """The derivative dh/dt at the given time and state."""
        return self.conv2(_with_time(self.conv1(_with_time(state, time)), time))

    def get_config(self):
        """The layer's arguments."""
        return super().get_config() | {"filters": self.filters}


def _with_time(state, time):
    return ops.concatenate([state, ops.ones_like(state[..., :1]) * time], axis=-1)
