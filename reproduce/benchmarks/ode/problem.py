"""What is solved: the dynamics of the ODE-block at the five levels of the U-Net, the same for every library."""

from dataclasses import dataclass

import numpy as np

LEVELS = ((32, 256), (64, 128), (128, 64), (256, 32), (512, 16))  # channels, height and width
SCALES = (0.7, 1.0, 1.5)
ACTIVATIONS = ("relu", "softplus")
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
BATCH = 2


@dataclass(frozen=True)
class Problem:
    """dh/dt = a(conv(a(conv(h, t)), t)) for t from 0 to 1, with t as an additional channel of both 3x3 convolutions.

    Attributes:
        channels, size: of the state, which is (2, size, size, channels) float32.
        activation: a, `relu` (the block's) or `softplus` (without kinks).
        scale: s; weights are drawn from N(0, 2 s^2 / (9 channels)), 0.7 being about Keras' own initial values.
    """

    channels: int
    size: int
    activation: str
    scale: float

    @property
    def name(self) -> str:
        """A name for files and tables."""
        return f"{self.channels}x{self.size}-{self.activation}-{self.scale:g}"

    def state(self) -> np.ndarray:
        """h(0)."""
        return self._normal(0, (BATCH, self.size, self.size, self.channels))

    def cotangent(self) -> np.ndarray:
        """c: gradients are those of sum(c * h(1)), a mean over all elements with random weights.

        The scale is that of a training loss. It matters to the continuous adjoint, whose absolute tolerance it meets:
        of a sum over elements it would take more and smaller steps.
        """
        shape = (BATCH, self.size, self.size, self.channels)
        return self._normal(1, shape) / np.float32(np.prod(shape))

    def kernels(self) -> tuple[np.ndarray, np.ndarray]:
        """Both kernels, (3, 3, channels + 1, channels), the last input channel being the time; biases are zero."""
        deviation = self.scale * np.sqrt(2 / (9 * self.channels))
        shape = (3, 3, self.channels + 1, self.channels)
        return tuple(np.float32(deviation) * self._normal(number, shape) for number in (2, 3))

    def _normal(self, number: int, shape: tuple[int, ...]) -> np.ndarray:
        return np.random.default_rng([self.channels, number]).standard_normal(shape, np.float32)
