"""Initial value problems with known solutions, from the nonstiff DETEST set (Hull et al. 1972, SIAM J. Numer. Anal. 9).

Each is (name, f(t, y, xp) for NumPy or TensorFlow as xp, y(0), solution(t)).
"""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import tensorflow as tf

from nodes_unet.ode import odeint
from nodes_unet.ode.solver import FIRST_STEPS


def _two_bodies(eccentricity):
    """Classes D1 to D5: Kepler's orbit; from the eccentric anomaly E with t = E - eccentricity * sin(E)."""

    def f(t, y, xp):
        x, z, vx, vz = y[0], y[1], y[2], y[3]
        cubed = (x**2 + z**2) ** 1.5
        return xp.stack([vx, vz, -x / cubed, -z / cubed])

    def solution(t):
        e = eccentricity
        anomaly = scipy.optimize.brentq(lambda a: a - e * np.sin(a) - t, t - 2, t + 2, xtol=1e-15)
        speed, share = 1 / (1 - e * np.cos(anomaly)), np.sqrt(1 - e**2)
        return np.array(
            [
                np.cos(anomaly) - e,
                share * np.sin(anomaly),
                -np.sin(anomaly) * speed,
                share * np.cos(anomaly) * speed,
            ]
        )

    e = eccentricity
    return f, [1 - e, 0.0, 0.0, np.sqrt((1 + e) / (1 - e))], solution


def _rigid_body(t):
    sn, cn, dn, _ = scipy.special.ellipj(t, 0.51)
    return np.array([sn, cn, dn])


PROBLEMS = [
    ("A1", lambda t, y, xp: -y, [1.0], lambda t: np.exp([-t])),
    ("A2", lambda t, y, xp: -(y**3) / 2, [1.0], lambda t: np.array([1 / np.sqrt(t + 1)])),
    ("A3", lambda t, y, xp: y * xp.cos(t), [1.0], lambda t: np.exp(np.sin([t]))),
    ("A4", lambda t, y, xp: y / 4 * (1 - y / 20), [1.0], lambda t: np.array([20 / (1 + 19 * np.exp(-t / 4))])),
    (
        "B5",
        lambda t, y, xp: xp.stack([y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]]),
        [0.0, 1.0, 1.0],
        _rigid_body,
    ),
    ("D1", *_two_bodies(0.1)),
    ("D3", *_two_bodies(0.5)),
]


def ours(f, start, end, tolerance, first_step):
    @tf.function(autograph=False)
    def solve(y):
        return odeint(lambda t, y: f(t, y, tf), y, 0.0, end, rtol=tolerance, first_step=first_step)

    return solve(tf.constant(start, tf.float64))


def scipys(f, start, end, tolerance, **options):
    return scipy.integrate.solve_ivp(
        f, (0, end), start, method="RK45", args=(np,), rtol=tolerance, atol=tolerance, **options
    )


@pytest.mark.parametrize("first_step", [*FIRST_STEPS, 1e-2])
@pytest.mark.parametrize(("name", "f", "start", "solution"), PROBLEMS, ids=[problem[0] for problem in PROBLEMS])
def test_known_solutions_are_met_as_closely_as_by_scipys_solver(name, f, start, solution, first_step):
    # errors add up over the interval: up to 20 tolerances, and on the orbits a few times as much as by SciPy
    for tolerance in (1e-4, 1e-8):
        end, _ = ours(f, start, 5.0, tolerance, first_step)
        error = np.abs(end - solution(5.0)).max()
        assert error < max(20 * tolerance, 4 * np.abs(scipys(f, start, 5, tolerance).y[:, -1] - solution(5.0)).max())


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize(("name", "f", "start", "solution"), PROBLEMS, ids=[problem[0] for problem in PROBLEMS])
def test_evaluations_are_within_a_tenth_of_scipys(name, f, start, solution, tolerance):
    _, stats = ours(f, start, 20.0, tolerance, first_step=0.01)
    assert int(stats.nfe) == pytest.approx(scipys(f, start, 20, tolerance, first_step=0.01).nfev, rel=0.1)
