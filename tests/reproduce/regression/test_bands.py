import numpy as np
import pytest
from scipy import stats

from reproduce.regression.bands import FALSE_ALARMS, half_width


def test_by_hand():
    # two rows with two seeds each: squared deviations 0.5 and 2, so 1.25 over two degrees of freedom
    expected = stats.t.ppf(1 - 0.01 / 10 / 2, 2) * 1.25**0.5 * 1.5**0.5
    assert half_width([[0.0, 1.0], [5.0, 7.0]], seeds=2, numbers=10) == pytest.approx(expected)


def test_a_row_with_one_seed_gives_no_spread():
    assert half_width([[1.0, 1.0], [3.0]], seeds=1, numbers=1) == 0
    with pytest.raises(ValueError, match="two of them"):
        half_width([[1.0], [2.0]], seeds=1, numbers=1)


@pytest.mark.parametrize(("rows", "seeds"), [(3, 2), (10, 2), (10, 3)])
def test_false_alarms_where_nothing_has_changed_are_as_rare_as_stated(rows, seeds):
    """Ten metrics of each row, 400 checks: as many alarms as FALSE_ALARMS, with two standard errors on top."""
    random, metrics, checks = np.random.default_rng(0), 10, 400
    alarms = 0
    for _ in range(checks):
        draws = random.normal(size=(metrics, rows, seeds + 1))
        reference, now = draws[..., :seeds], draws[..., seeds]
        widths = np.array([half_width(of_metric, seeds, metrics * rows) for of_metric in reference.tolist()])
        alarms += bool((np.abs(now - reference.mean(axis=2)) > widths[:, None]).any())
    assert alarms / checks <= FALSE_ALARMS + 2 * (FALSE_ALARMS / checks) ** 0.5
    assert alarms > 0  # no wider than it has to be
