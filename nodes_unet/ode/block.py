"""The ODE-block as a Keras layer (Li et al. 2021, Figure 4)."""

import keras
from keras import ops

from nodes_unet.ode.dynamics import ConvDynamics
from nodes_unet.ode.solver import solve


@keras.saving.register_keras_serializable("nodes_unet")
class ODEBlock(keras.layers.Layer):
    """h(1) from h(0) by solving dh/dt = f(h, t, theta) with `ConvDynamics` as f.

    The solve runs in float32 whatever the dtype policy. A solve that fails gives NaN, so that nothing trains on it.

    Args:
        filters: channels of input and output.
        tolerance: relative and absolute error tolerance of the solver.
        first_step: `"interval"` tries the whole interval first, as TensorFlow 1's solver did; or a step length.
        max_num_steps: cap on attempted steps.

    Attributes:
        nfe: number of evaluations of the dynamics in the last forward solve.
    """

    def __init__(
        self,
        filters: int,
        tolerance: float = 1e-3,
        first_step: str | float = "interval",
        max_num_steps: int = 1000,
        **arguments,
    ):
        super().__init__(**arguments)
        self.filters = filters
        self.tolerance = tolerance
        self.first_step = first_step
        self.max_num_steps = max_num_steps
        self.dynamics = ConvDynamics(filters, name="dynamics", dtype="float32")
        self.evaluations = Evaluations(name=f"{self.name}_nfe")

    def build(self, input_shape):
        """Makes the weights of the dynamics.

        Raises:
            ValueError: the input has other than `filters` channels.
        """
        if input_shape[-1] != self.filters:
            raise ValueError(f"{self.name} is made for {self.filters} channels and was given {input_shape[-1]}")
        self.dynamics.build(input_shape)

    def call(self, inputs):
        """(B, H, W, filters) to the same shape, in the dtype of the layer's policy."""
        solution = solve(
            lambda time, state: self.dynamics(time, state),
            ops.cast(inputs, "float32"),
            tolerance=self.tolerance,
            first_step=self.first_step,
            max_num_steps=self.max_num_steps,
        )
        self.evaluations.update_state(ops.cast(solution.nfe, "float32"))
        return ops.cast(solution.state, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    @property
    def nfe(self) -> int:
        """Number of evaluations of the dynamics in the last forward solve."""
        return int(self.evaluations.last)

    def get_config(self):
        """The layer's arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "tolerance": self.tolerance,
            "first_step": self.first_step,
            "max_num_steps": self.max_num_steps,
        }


class Evaluations(keras.metrics.Mean):
    """Mean number of evaluations of the dynamics a solve since the last reset, and the last solve's."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.last = self.add_variable(shape=(), initializer="zeros", name="last")

    def update_state(self, nfe):
        """Counts one solve."""
        super().update_state(nfe)
        self.last.assign(nfe)
