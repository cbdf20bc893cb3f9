"""Tests of claims: hand-worked intervals, and how often they are wrong on simulated seeds with known truth."""

import numpy as np
import pytest

from reproduce.comparison.claim_tests import (
    INCONCLUSIVE,
    NOT_TESTED,
    REFUTED,
    SUPPORTED,
    Above,
    Alike,
    Every,
    Near,
    Quantity,
)

A, B, C = (Quantity(row, "m") for row in "ABC")


def values(**rows):
    """Values by seed of the rows A, B and C."""
    return lambda quantity: dict(enumerate(rows.get(quantity.row, ())))


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ([3.0, 3.1, 3.2], [1.0, 1.0, 1.3], SUPPORTED),
        ([1.0, 1.0, 1.3], [3.0, 3.1, 3.2], REFUTED),
        ([1.0, 2.0, 3.0], [1.5, 1.5, 1.5], INCONCLUSIVE),
        ([3.0, 3.1], [1.0, 1.0], INCONCLUSIVE),
        ([], [1.0, 1.0, 1.0], NOT_TESTED),
    ],
)
def test_an_ordering(first, second, outcome):
    assert Above(A, B)(values(A=first, B=second)).outcome == outcome


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        ([1.0, 1.1, 1.2], SUPPORTED),
        ([1.04, 1.15, 1.24], SUPPORTED),
        ([1.3, 1.4, 1.5], REFUTED),
        ([0.9, 1.2, 1.4], INCONCLUSIVE),
    ],
)
def test_no_improvement_beyond_an_allowance(second, outcome):
    evidence = Above(A, B, allowance=0.1)(values(A=[1.0, 1.1, 1.2], B=second))
    assert evidence.outcome == outcome and evidence.effect.endswith("; allowed -0.1")


def test_the_effect_is_told_with_interval_and_seeds():
    # differences 1, 2, 3: mean 2, standard error 0.5774, t 4.303
    evidence = Above(A, B)(values(A=[2.0, 3.0, 4.0], B=[1.0, 1.0, 1.0]))
    assert evidence.outcome == INCONCLUSIVE
    assert evidence.effect == "m of A - m of B: +2 (95 % -0.4841 to +4.484, 3 seeds)"


def test_only_seeds_that_both_have_count():
    rows = {A: {0: 9.0, 1: 2.0, 2: 2.1, 3: 2.2}, B: {1: 1.0, 2: 1.0, 3: 1.0, 7: 50.0}}
    assert "+1.1 (" in Above(A, B)(rows.get).effect


def test_a_number_that_a_run_did_not_get_to_leaves_it_open():
    evidence = Above(A, B)(values(A=[3.0, float("nan"), 3.2], B=[1.0, 1.0, 1.3]))
    assert evidence == (INCONCLUSIVE, "m of A - m of B: trainings ended too early (1 of 3 seeds)")


def test_exact_numbers_need_one_seed_and_no_interval():
    assert Near(A, B, 0.46, 0.03, exact=True)(values(A=[0.48], B=[1.0])).outcome == SUPPORTED
    assert Near(A, B, 0.46, 0.03, exact=True)(values(A=[0.5], B=[1.0])).outcome == REFUTED


@pytest.mark.parametrize(
    ("ratios", "outcome"),
    [
        ([1.99, 2.0, 2.01], SUPPORTED),
        ([2.99, 3.0, 3.01], REFUTED),
        ([1.5, 2.0, 2.5], INCONCLUSIVE),
        ([2.0, 2.0], INCONCLUSIVE),
    ],
)
def test_a_ratio(ratios, outcome):
    assert Near(A, B, 2, 0.1)(values(A=ratios, B=[1.0] * 3)).outcome == outcome


@pytest.mark.parametrize(
    ("c", "outcome"),
    [([1.0, 1.01, 1.02], SUPPORTED), ([3.0, 3.01, 3.02], REFUTED), ([1.0, 1.9, 0.3], INCONCLUSIVE), ([], NOT_TESTED)],
)
def test_equality_of_rows(c, outcome):
    rows = values(A=[1.0, 1.02, 1.01], B=[1.01, 1.0, 1.02], C=c)
    assert Alike([A, B, C], 0.2)(rows).outcome == outcome


@pytest.mark.parametrize(
    ("b", "c", "outcome"),
    [
        ([1.0, 1.1, 1.2], [0.0, 0.1, 0.1], SUPPORTED),
        ([1.0, 1.1, 1.2], [5.0, 5.1, 5.1], REFUTED),
        ([1.0, 1.1, 1.2], [0.0, 3.1, 6.1], INCONCLUSIVE),
        ([1.0, 1.1, 1.2], [], NOT_TESTED),
    ],
)
def test_several_parts_hold_together_or_not(b, c, outcome):
    evidence = Every([Above(A, B), Above(B, C)])(values(A=[2.0, 2.1, 2.3], B=b, C=c))
    assert evidence.outcome == outcome
    if outcome != SUPPORTED:
        assert f"(1 of 2 parts are {outcome})" in evidence.effect


def test_of_several_parts_one_refutes_only_where_it_would_among_as_many():
    # differences -1.2, -2, -2.8: t = 4.33, beyond 4.303 (95 %) and not beyond 6.205 (97.5 %, two parts)
    rows = values(A=[0.0, 0.0, 0.0], B=[1.2, 2.0, 2.8], C=[0.0, 0.1, 0.3])
    assert Above(A, B)(rows).outcome == REFUTED
    evidence = Every([Above(A, B), Above(B, C)])(rows)
    assert evidence.outcome == INCONCLUSIVE
    assert "(97.5 % -4.866 to +0.8661, 3 seeds)" in evidence.effect


def test_many_parts_without_a_difference_are_refuted_in_no_more_cases_than_one():
    random, rows = np.random.default_rng(5), [Quantity(str(number), "m") for number in range(9)]
    claim = Every([Above(row, A) for row in rows])
    found = []
    for _ in range(1000):
        drawn = {row: dict(enumerate(random.normal(0, 1, 5).tolist())) for row in [A, *rows]}
        found.append(claim(drawn.get).outcome)
    assert found.count(REFUTED) / 1000 < 0.04


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_without_a_difference_either_verdict_is_wrong_in_one_of_forty_cases(seeds):
    random = np.random.default_rng(5)
    found = [
        Above(A, B)(values(A=random.normal(0, 1, seeds).tolist(), B=random.normal(0, 2, seeds).tolist())).outcome
        for _ in range(2000)
    ]
    assert 0.012 < found.count(SUPPORTED) / 2000 < 0.04
    assert 0.012 < found.count(REFUTED) / 2000 < 0.04
