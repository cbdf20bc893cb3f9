"""Equivalence and seeds: error rates on simulated trainings with known truth, and examples worked by hand."""

import numpy as np
import pytest
from scipy import stats

from reproduce.comparison.equivalence import Outcome, equivalence, seeds_needed

TRIALS = 4000
# a rate of 5 % in 4,000 trials is above this in one of 10,000 cases
MOST = stats.binom.ppf(0.9999, TRIALS, 0.05) / TRIALS


def rates(seeds, truly_apart, margin, spread=1.0):
    """Share of simulated comparisons with each outcome."""
    random = np.random.default_rng(7)
    published = random.normal(truly_apart, spread, TRIALS)
    ours = random.normal(0, spread, (TRIALS, seeds))
    outcomes = [equivalence(number, values.tolist(), margin) for number, values in zip(published, ours, strict=True)]
    return {outcome: outcomes.count(outcome) / TRIALS for outcome in Outcome}


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("margin", [1.0, 4.0, 12.0])
def test_at_the_margin_either_verdict_is_wrong_in_one_of_twenty_cases_at_most(seeds, margin):
    found = rates(seeds, margin, margin)
    assert found[Outcome.EQUAL] <= MOST
    assert found[Outcome.DIFFERENT] <= MOST


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_beyond_the_margin_equal_is_rarer_and_within_it_different(seeds):
    assert rates(seeds, 6, 4)[Outcome.EQUAL] < 0.05
    assert rates(seeds, 2, 4)[Outcome.DIFFERENT] < 0.05


@pytest.mark.parametrize(("seeds", "least"), [(3, 0.75), (5, 0.99), (10, 0.99)])
def test_where_the_margin_is_wide_equals_are_found(seeds, least):
    assert rates(seeds, 0, 6)[Outcome.EQUAL] > least


def test_a_margin_narrower_than_the_spread_leaves_it_open():
    assert rates(3, 0, 0.5)[Outcome.OPEN] > 0.9


def test_by_hand():
    # mean 91, s 1, three seeds: 2.920 x sqrt(4/3) = 3.372
    values = [90.0, 91.0, 92.0]
    assert equivalence(91.0, values, 3.38) is Outcome.EQUAL
    assert equivalence(91.0, values, 3.36) is Outcome.OPEN
    assert equivalence(95.4, values, 1.0) is Outcome.DIFFERENT
    assert equivalence(95.3, values, 1.0) is Outcome.OPEN


def test_fewer_than_three_seeds_say_nothing():
    assert equivalence(91.0, [91.0, 91.0], 50) is Outcome.OPEN


def test_without_any_spread_the_difference_decides():
    assert equivalence(91.0, [92.0] * 3, 1.5) is Outcome.EQUAL
    assert equivalence(91.0, [92.0] * 3, 0.5) is Outcome.DIFFERENT


@pytest.mark.parametrize(("spread", "difference"), [(1.0, 1.0), (0.8, -1.2), (2.0, 1.0), (1.0, 3.0)])
def test_so_many_seeds_see_the_difference_in_four_of_five_simulations(spread, difference):
    seeds = seeds_needed(spread, difference)
    random = np.random.default_rng(3)

    def seen(number):
        rows = random.normal([[[0]], [[difference]]], spread, (2, TRIALS, number))
        return (stats.ttest_ind(*rows, axis=1).pvalue < 0.05).mean()

    assert seen(seeds) > 0.78
    assert seeds == 2 or seen(seeds - 1) < 0.82


def test_what_a_thousand_seeds_do_not_see_is_said():
    assert seeds_needed(1.0, 0.01) is None
    assert seeds_needed(0.0, 0.01) == 2
