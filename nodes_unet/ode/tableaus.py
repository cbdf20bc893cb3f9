"""Butcher tableaus of the explicit Runge-Kutta methods; Dormand-Prince's is TensorFlow Probability's own.

Fields of a tableau: `a`, the times of the stages after the first, as shares of the step; `b`, the weights of the
earlier slopes in each of these stages; `c_sol`, the weights of the slopes in the solution; `c_mid`, those in the middle
of the step; `c_error`, those of the difference from the embedded solution.
"""

from tensorflow_probability.python.math.ode import dormand_prince
from tensorflow_probability.python.math.ode.runge_kutta_util import ButcherTableau

# Dormand & Prince 1980 with the embedded formula of Shampine 1986; the state of the last stage is the solution.
DORMAND_PRINCE = dormand_prince._TABLEAU

EULER = ButcherTableau(a=[], b=[], c_sol=[1.0], c_mid=None, c_error=None)

RK4 = ButcherTableau(
    a=[1 / 2, 1 / 2, 1.0],
    b=[[1 / 2], [0, 1 / 2], [0, 0, 1.0]],
    c_sol=[1 / 6, 1 / 3, 1 / 3, 1 / 6],
    c_mid=None,
    c_error=None,
)


def interpolation_weights(share) -> list:
    """Weights of the seven slopes of a Dormand-Prince step in its fourth-order interpolant.

    The interpolant meets state and slope at both ends of the step and the state in its middle, as in TensorFlow 1's
    `odeint` and in TensorFlow Probability. At the end of the step the weights are those of the solution.

    Args:
        share: where in the step, from 0 to 1; a float or a tensor.
    """
    x2, x3, x4 = share**2, share**3, share**4
    of_end, of_middle = 14 * x3 - 8 * x4 - 5 * x2, 16 * x4 - 32 * x3 + 16 * x2
    weights = [
        of_end * end + of_middle * middle if end or middle else 0.0
        for end, middle in zip(DORMAND_PRINCE.c_sol, DORMAND_PRINCE.c_mid, strict=True)
    ]
    weights[0] += share - 4 * x2 + 5 * x3 - 2 * x4
    weights[-1] += x2 - 3 * x3 + 2 * x4
    return weights
