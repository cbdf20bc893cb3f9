from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import RK45

from nodes_unet.ode.tableaus import DORMAND_PRINCE, EULER, RK4, interpolation_weights


def test_the_tableau_of_tensorflow_probability_is_the_one_relied_on():
    np.testing.assert_allclose([0.0, *DORMAND_PRINCE.a], [*RK45.C, 1.0])
    for number, row in enumerate(DORMAND_PRINCE.b[:5], 1):
        np.testing.assert_allclose(row, RK45.A[number, :number])
    np.testing.assert_allclose(DORMAND_PRINCE.b[5], RK45.B)
    np.testing.assert_allclose(DORMAND_PRINCE.c_sol, [*RK45.B, 0])
    # Shampine's embedded formula: two thirds of the error of Dormand & Prince's own, which SciPy has
    np.testing.assert_allclose(DORMAND_PRINCE.c_error, np.array(RK45.E) * 2 / 3, atol=1e-15)


@pytest.mark.parametrize(("tableau", "order"), [(EULER, 1), (RK4, 4), (DORMAND_PRINCE, 5)])
def test_the_quadrature_conditions_hold_up_to_the_order(tableau, order):
    times = np.array([0.0, *tableau.a])
    for power in range(order):
        assert np.dot(tableau.c_sol, times**power) == pytest.approx(float(Fraction(1, power + 1)))
    for time, row in zip(tableau.a, tableau.b, strict=True):
        assert sum(row) == pytest.approx(time)


def test_the_interpolant_begins_at_the_start_and_ends_at_the_solution():
    np.testing.assert_allclose(interpolation_weights(0.0), np.zeros(7), atol=1e-12)
    np.testing.assert_allclose(interpolation_weights(1.0), DORMAND_PRINCE.c_sol, atol=1e-12)


def test_the_interpolant_integrates_cubic_slopes_exactly():
    times = np.array([0.0, *DORMAND_PRINCE.a])
    for share in (0.2, 0.5, 0.9):
        for power in range(4):
            assert np.dot(interpolation_weights(share), times**power) == pytest.approx(
                share ** (power + 1) / (power + 1)
            )
