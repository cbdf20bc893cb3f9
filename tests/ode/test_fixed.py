import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from nodes_unet.errors import SolverError
from nodes_unet.ode import ConvDynamics, odeint
from nodes_unet.ode.fixed import FixedSteps
from nodes_unet.ode.steps import Slope
from nodes_unet.ode.tableaus import DORMAND_PRINCE, EULER, RK4


def test_a_residual_block_is_one_euler_step():
    dynamics = ConvDynamics(3)
    dynamics.build((None, 5, 4, 3))
    x = keras.random.normal((2, 5, 4, 3), seed=0)
    end, stats = odeint(lambda t, y: dynamics(t, y), x, 0.0, 1.0, method="euler", num_steps=1)
    np.testing.assert_allclose(end, x + dynamics(tf.constant(0.0), x), rtol=1e-6)
    assert int(stats.nfe) == 1


@pytest.mark.parametrize(("tableau", "order"), [(EULER, 1), (RK4, 4), (DORMAND_PRINCE, 5)])
def test_the_error_falls_with_the_order_of_the_method(tableau, order):
    def error(steps):
        done = FixedSteps(tableau, steps).integrate(
            Slope(lambda t, y, _: [tf.cos(t) * y[0]], ()),
            [tf.constant([1.0], tf.float64)],
            *tf.constant([0.0, 2.0], tf.float64),
            record=False,
        )
        return abs(float(done.state[0][0]) - math.exp(math.sin(2)))

    assert math.log2(error(16) / error(32)) == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(("method", "evaluations"), [("euler", 200), ("rk4", 800)])
def test_solutions_gradients_and_evaluations(method, evaluations, jit_compile, gradient):
    @tf.function(jit_compile=jit_compile)
    def solve(y):
        with tf.GradientTape() as tape:
            tape.watch(y)
            end, stats = odeint(lambda t, y: -y, y, 0.0, 1.0, method=method, num_steps=200, gradient=gradient)
        return end, stats, tape.gradient(end, y)

    end, stats, slope = solve(tf.constant([2.0], tf.float64))
    np.testing.assert_allclose(end, [2 * math.exp(-1)], rtol=5e-3)
    np.testing.assert_allclose(slope, [math.exp(-1)], rtol=5e-3)
    assert (int(stats.nfe), int(stats.accepted), int(stats.rejected)) == (evaluations, 200, 0)


def test_a_state_that_is_not_finite_is_told():
    with pytest.raises(SolverError, match="not finite"):
        odeint(lambda t, y: y / 0.0, tf.ones(2), 0.0, 1.0, method="rk4", num_steps=3)
