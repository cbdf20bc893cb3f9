import math

import numpy as np
import pytest
import scipy.integrate
import tensorflow as tf

from nodes_unet.ode import solve

# name, dh/dt, h(0), h(1)
KNOWN_SOLUTIONS = [
    ("decay", lambda t, h: -h, [1.0, 2.0], [math.exp(-1), 2 * math.exp(-1)]),
    ("time alone", lambda t, h: tf.ones_like(h) * 3 * t**2, [0.0, 5.0], [1.0, 6.0]),
    ("rotation", lambda t, h: tf.stack([-h[1], h[0]]) * 5, [1.0, 0.0], [math.cos(5), math.sin(5)]),
    ("logistic", lambda t, h: 4 * h * (1 - h), [0.1, 0.5], [1 / (1 + 9 * math.exp(-4)), 1 / (1 + math.exp(-4))]),
]


@pytest.mark.parametrize("first_step", ["interval", 1e-3])
@pytest.mark.parametrize(("name", "dynamics", "start", "end"), KNOWN_SOLUTIONS)
def test_known_solutions_within_a_hundred_tolerances(name, dynamics, start, end, first_step):
    state = tf.constant(start, tf.float64)
    for tolerance in (1e-3, 1e-6, 1e-9):
        solution = solve(dynamics, state, tolerance=tolerance, first_step=first_step)
        np.testing.assert_allclose(solution.state, end, atol=100 * tolerance)


def test_agrees_with_scipys_dormand_prince():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(4, 4))
    state = random.normal(size=4)
    solution = solve(
        lambda t, h: tf.linalg.matvec(tf.constant(matrix), tf.sin(h + t)), tf.constant(state), tolerance=1e-9
    )
    expected = scipy.integrate.solve_ivp(
        lambda t, h: matrix @ np.sin(h + t), (0, 1), state, method="RK45", rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(solution.state, expected.y[:, -1], atol=1e-7)


def test_an_easy_problem_takes_one_step_over_the_interval():
    assert int(solve(lambda t, h: 0.01 * h, tf.ones(3)).nfe) == 7


def test_evaluations_are_those_that_were_made():
    calls = []

    def dynamics(t, h):
        calls.append(float(t))
        return tf.sin(20 * t) * h

    assert int(solve(dynamics, tf.ones(3), tolerance=1e-4).nfe) == len(calls)


def test_a_smaller_tolerance_takes_more_evaluations():
    evaluations = [int(solve(lambda t, h: tf.cos(10 * h), tf.ones(3), tolerance=10.0**-k).nfe) for k in (2, 4, 6)]
    assert evaluations == sorted(evaluations)
    assert evaluations[0] < evaluations[-1]


def test_gradients_of_state_and_variable_match_the_solution():
    rate = tf.Variable(0.7, dtype=tf.float64)
    state = tf.constant([2.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(state)
        end = solve(lambda t, h: -rate * h, state, tolerance=1e-9).state
    by_state, by_rate = tape.gradient(end, [state, rate])
    np.testing.assert_allclose(by_state, [math.exp(-0.7)], rtol=1e-6)
    np.testing.assert_allclose(by_rate, -2 * math.exp(-0.7), rtol=1e-6)


# inputs that make Dormand-Prince loop for ever when nothing stops it
HANGING = [
    ("NaN state", lambda t, h: -h, [float("nan"), 1.0]),
    ("NaN derivative", lambda t, h: h * float("nan"), [1.0, 1.0]),
    ("blow-up before the end", lambda t, h: h**2 * 10, [1.0, 1.0]),
    ("jumps at every step", lambda t, h: tf.sign(tf.sin(1e6 * h)) * 1e6, [1.0, 2.0]),
]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(("name", "dynamics", "start"), HANGING)
def test_no_input_hangs_and_a_failed_solve_is_all_nan(name, dynamics, start, jit_compile):
    compiled = tf.function(lambda state: solve(dynamics, state, max_num_steps=50), jit_compile=jit_compile)
    solution = compiled(tf.constant(start))
    assert np.isnan(solution.state).all()
    assert int(solution.nfe) <= 6 * 51 + 1


def test_the_cap_allows_exactly_its_number_of_steps():
    def dynamics(t, h):
        return tf.sin(30 * t) * h

    nfe = int(solve(dynamics, tf.ones(2), tolerance=1e-5).nfe)
    steps = (nfe - 1) // 6
    assert np.isfinite(solve(dynamics, tf.ones(2), tolerance=1e-5, max_num_steps=steps).state).all()
    assert np.isnan(solve(dynamics, tf.ones(2), tolerance=1e-5, max_num_steps=steps - 1).state).all()


def test_the_backward_solve_does_not_hang_either():
    state = tf.constant([1.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(state)
        end = solve(lambda t, h: tf.sqrt(h - 1 + t), state, max_num_steps=50).state  # derivative infinite at t = 0
    assert tape.gradient(end, state).shape == (2,)
