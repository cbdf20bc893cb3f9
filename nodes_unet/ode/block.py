"""The ODE-block as a Keras layer (Li et al. 2021, Figure 4)."""

import keras
from keras import ops

from nodes_unet.ode.dynamics import ConvDynamics
from nodes_unet.ode.solver import odeint
from nodes_unet.ode.steps import SUCCESS, Stats


@keras.saving.register_keras_serializable("nodes_unet")
class ODEBlock(keras.layers.Layer):
    """h(1) from h(0) by solving dh/dt = f(h, t, theta) with `ConvDynamics` as f.

    The solve runs in float32 whatever the dtype policy. A solve that fails raises `SolverError` in eager mode; in
    graphs it gives NaN, and NaN as gradients of all weights up to the block. Layers after it may hide the NaN (ReLU and
    pooling take a maximum), so look at `failed` or, in training, at the metric `<name>_failed`. Training and inference
    of this package do.

    Args:
        filters: channels of input and output.
        tolerance: relative and absolute error tolerance of the solver.
        first_step, max_num_steps, method, num_steps, norm, gradient: as for `odeint`.

    Attributes:
        nfe: number of evaluations of the dynamics in the last forward solve, of several replicas the mean.
        failed: whether the last forward solve failed, for any image.
    """

    def __init__(
        self,
        filters: int,
        tolerance: float = 1e-3,
        first_step: str | float = "hairer",
        max_num_steps: int = 1000,
        method: str = "dopri5",
        num_steps: int | None = None,
        norm: str = "batch",
        gradient: str = "discrete",
        **arguments,
    ):
        super().__init__(**arguments)
        self.filters = filters
        self.tolerance = tolerance
        self.first_step = first_step
        self.max_num_steps = max_num_steps
        self.method = method
        self.num_steps = num_steps
        self.norm = norm
        self.gradient = gradient
        self.dynamics = ConvDynamics(filters, name="dynamics", dtype="float32")
        self.evaluations = Latest(name=f"{self.name}_nfe")
        self.evaluations_backward = keras.metrics.Mean(name=f"{self.name}_nfe_backward")
        self.rejected_steps = keras.metrics.Mean(name=f"{self.name}_rejected")
        self.failed_solves = Latest(name=f"{self.name}_failed")

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
        state, stats = odeint(
            lambda time, state: self.dynamics(time, state),
            ops.cast(inputs, "float32"),
            0.0,
            1.0,
            method=self.method,
            rtol=self.tolerance,
            first_step=self.first_step,
            max_num_steps=self.max_num_steps,
            num_steps=self.num_steps,
            norm=self.norm,
            gradient=self.gradient,
            on_gradient=self._count_backward,
        )
        self.evaluations.update_state(ops.cast(stats.nfe, "float32"))
        self.rejected_steps.update_state(ops.cast(stats.rejected, "float32"))
        self.failed_solves.update_state(ops.mean(ops.cast(stats.status != SUCCESS, "float32")))
        return ops.cast(state, self.compute_dtype)

    def _count_backward(self, stats: Stats) -> None:
        self.evaluations_backward.update_state(ops.cast(stats.nfe, "float32"))

    def compute_output_shape(self, input_shape):
        """The input's shape."""
        return input_shape

    @property
    def nfe(self) -> int:
        """Number of evaluations of the dynamics in the last forward solve."""
        return int(ops.convert_to_numpy(self.evaluations.last))

    @property
    def failed(self) -> bool:
        """Whether the last forward solve failed, for any image."""
        return bool(ops.convert_to_numpy(self.failed_solves.last) > 0)

    def get_config(self):
        """The layer's arguments."""
        names = ("filters", "tolerance", "first_step", "max_num_steps", "method", "num_steps", "norm", "gradient")
        return super().get_config() | {name: getattr(self, name) for name in names}


class Latest(keras.metrics.Mean):
    """The mean since the last reset, and the latest value, of several replicas their mean."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.last = self.add_variable(shape=(), initializer="zeros", aggregation="mean", name="last")

    def update_state(self, value):
        """Takes in one value."""
        super().update_state(value)
        self.last.assign(value)
