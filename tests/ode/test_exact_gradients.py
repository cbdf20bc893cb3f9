"""Both exact gradients against central differences of the same steps, taken again by a few lines of NumPy."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from nodes_unet.ode import odeint
from nodes_unet.ode.adaptive import DormandPrince
from nodes_unet.ode.steps import CHECKPOINTS, Slope
from nodes_unet.ode.tableaus import DORMAND_PRINCE, interpolation_weights

RANDOM = np.random.default_rng(3)
START, MATRIX, SHIFT = RANDOM.normal(size=(2, 4)), 2 * RANDOM.normal(size=(4, 4)), RANDOM.normal(size=4)
WEIGHTS = RANDOM.normal(size=(2, 4))  # of the end state in the loss


def f(t, y, matrix, shift, tanh):
    return tanh(y @ matrix + shift * t)


def accepted_steps(first_step, norm):
    """Times and sizes of the steps, and whether the last one goes past the end."""
    method = DormandPrince(1e-3, 1e-3, first_step, 1000, norm)
    done = method.integrate(
        Slope(lambda t, y, _: [f(t if norm == "batch" else t[:, tf.newaxis], y[0], MATRIX, SHIFT, tf.tanh)], ()),
        [tf.constant(START)],
        *tf.constant([0.0, 2.0], tf.float64),
        record=True,
    )
    count = int(done.steps.count)
    assert (count > 2 and int(tf.reduce_max(done.stats.rejected)) > 0) or first_step == "hairer"
    return [(done.steps.times.read(n).numpy(), done.steps.sizes.read(n).numpy()) for n in range(count)]


def replayed(steps, start, matrix, shift):
    """The end state of given steps."""
    y = start
    for time, size in steps:
        time, size = (np.reshape(value, (-1, 1)) if np.ndim(value) else value for value in (time, size))
        slopes = []
        for share, row in zip([0.0, *DORMAND_PRINCE.a], [[], *DORMAND_PRINCE.b], strict=True):
            at = y + size * sum(weight * slope for weight, slope in zip(row, slopes, strict=True))
            slopes.append(f(time + share * size, at, matrix, shift, np.tanh))
        weights = interpolation_weights(np.minimum((2.0 - time) / np.where(size == 0, 1, size), 1.0))
        y = y + size * sum(weight * slope for weight, slope in zip(weights, slopes, strict=True))
    return y


def central_differences(function, at, width=1e-6):
    slopes = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[index] = width
        slopes[index] = (function(at + moved) - function(at - moved)) / (2 * width)
    return slopes


@functools.cache
def expected(first_step, norm):
    """The loss's gradients by start, matrix and shift."""
    steps = accepted_steps(first_step, norm)

    def loss(start, matrix, shift):
        return float(np.sum(WEIGHTS * replayed(steps, start, matrix, shift)))

    return (
        central_differences(lambda start: loss(start, MATRIX, SHIFT), START),
        central_differences(lambda matrix: loss(START, matrix, SHIFT), MATRIX),
        central_differences(lambda shift: loss(START, MATRIX, shift), SHIFT),
    )


@pytest.mark.parametrize("mode", [None, {"jit_compile": False}, {"jit_compile": True}])
@pytest.mark.parametrize("norm", ["batch", "sample"])
@pytest.mark.parametrize("first_step", ["hairer", "interval", "tfp", 0.5])
@pytest.mark.parametrize("gradient", ["discrete", "backprop"])
def test_agrees_with_central_differences_of_the_same_steps(gradient, first_step, norm, mode):
    variable = tf.Variable(SHIFT)

    def gradients(start, matrix):
        with tf.GradientTape() as tape:
            tape.watch([start, matrix])
            end, _ = odeint(
                lambda t, y, matrix: f(t, y, matrix, variable, tf.tanh),
                start,
                0.0,
                2.0,
                (matrix,),
                rtol=1e-3,
                first_step=first_step,
                norm=norm,
                gradient=gradient,
                max_num_steps=40,
            )
            loss = tf.reduce_sum(WEIGHTS * end)
        return tape.gradient(loss, [start, matrix, variable])

    if mode is not None:
        gradients = tf.function(gradients, autograph=False, **mode)
    found = gradients(tf.constant(START), tf.constant(MATRIX))
    for by_solver, by_differences in zip(found, expected(first_step, norm), strict=True):
        np.testing.assert_allclose(by_solver, by_differences, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_of_many_steps_few_states_are_kept_and_the_gradient_stays_exact(jit_compile):
    @tf.function(jit_compile=jit_compile, autograph=False)
    def solved(start):
        back = []
        with tf.GradientTape() as tape:
            tape.watch(start)
            end, stats = odeint(
                lambda t, y: tf.cos(20 * t) * y,
                start,
                0.0,
                20.0,
                rtol=1e-6,
                on_gradient=lambda stats: back.append(stats),
            )
        return end, tape.gradient(end, start), stats.accepted, back[0].nfe

    start = tf.constant([0.3, -0.1], tf.float64)
    end, slope, accepted, evaluations = solved(start)
    np.testing.assert_allclose(slope, end / start, rtol=1e-12)  # the equation is linear
    stride = 2 ** int(np.ceil(np.log2(int(accepted) / CHECKPOINTS)))
    assert stride >= 8
    assert int(evaluations) == 6 * (2 * int(accepted) - int(np.ceil(int(accepted) / stride)))


@pytest.mark.parametrize("gradient", ["discrete", "backprop"])
def test_nested_arguments_get_gradients_and_whole_numbers_pass_through(gradient):
    given = {"rate": tf.constant(0.5, tf.float64), "power": tf.constant(2)}
    with tf.GradientTape() as tape:
        tape.watch(given["rate"])
        end, _ = odeint(
            lambda t, y, a: -a["rate"] * y ** tf.cast(a["power"], y.dtype),
            tf.constant([1.0], tf.float64),
            0.0,
            1.0,
            (given,),
            rtol=1e-9,
            gradient=gradient,
        )
    np.testing.assert_allclose(end, [1 / 1.5], rtol=1e-7)
    np.testing.assert_allclose(tape.gradient(end, given["rate"]), -1 / 1.5**2, rtol=1e-6)


@pytest.mark.parametrize("gradient", ["discrete", "backprop", "adjoint"])
def test_a_tensor_that_is_merely_closed_over_gets_none(gradient):
    rate = tf.constant(0.5)
    with tf.GradientTape() as tape:  # of the rate alone: nothing that could carry a gradient is watched
        tape.watch(rate)
        end, _ = odeint(lambda t, y: -rate * y, tf.ones(2), 0.0, 1.0, gradient=gradient)
    assert tape.gradient(end, rate) is None


@pytest.mark.parametrize("gradient", ["discrete", "backprop"])
def test_a_failed_solve_has_a_gradient_of_nan(gradient):
    rate = tf.Variable(1.0)

    @tf.function
    def slopes(y):
        with tf.GradientTape() as tape:
            tape.watch(y)
            end, _ = odeint(lambda t, y: rate * y**2, y, 0.0, 1.0, max_num_steps=30, gradient=gradient)
        return tape.gradient(end, [y, rate])

    by_state, by_rate = slopes(tf.constant([20.0]))
    assert not np.isfinite(by_state).any() and not np.isfinite(by_rate)
