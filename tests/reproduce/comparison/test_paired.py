import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reproduce.comparison.paired import paired_difference


def tables(*seeds):
    return {
        number: pd.DataFrame({"id": [f"image{place}" for place in range(len(values))], "miou": values})
        for number, values in enumerate(seeds)
    }


def compare(first, second):
    return paired_difference(("A", first), ("B", second), "miou")


def test_worked_by_hand():
    # differences in points: seed 0: 1 2 3 4; seed 1: 3 4 5 6; by image: 2 3 4 5
    first = tables([0.51, 0.62, 0.73, 0.84], [0.53, 0.64, 0.75, 0.86])
    second = tables([0.50, 0.60, 0.70, 0.80], [0.50, 0.60, 0.70, 0.80])
    found = compare(first, second)
    assert (found.first, found.second, found.images, found.seeds) == ("A", "B", 4, 2)
    assert found.mean == pytest.approx(3.5)
    assert found.wilcoxon_p == pytest.approx(2 / 2**4)  # all four of one sign
    # seed means 2.5 and 4.5: 3.5 -+ 12.706 * sqrt(2) / sqrt(2)
    assert found.over_seeds == pytest.approx((3.5 - 12.7062, 3.5 + 12.7062), abs=1e-3)
    low, high = found.over_images
    assert 2 < low < 3.5 < high < 5


def test_of_symmetrical_differences_the_bootstrap_interval_is_that_of_plain_percentiles():
    differences = np.linspace(0.2, 0.4, 40)
    found = compare(tables(differences), tables(np.zeros(40)))
    resampled = 100 * np.random.default_rng(1).choice(differences, (50_000, 40)).mean(axis=1)
    assert found.over_images == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])), abs=0.2)


def test_images_are_paired_by_name_and_those_without_a_number_left_out():
    first, second = tables([0.5, 0.6, 0.9]), tables([0.4, 0.4, np.nan])
    second[0] = second[0].iloc[::-1]
    found = compare(first, second)
    assert (found.images, found.mean) == (2, pytest.approx(15))


def test_only_seeds_of_both_count_and_one_seed_has_no_interval_over_seeds():
    found = compare(tables([0.5, 0.6], [0.9, 0.9]), tables([0.4, 0.6]))
    assert (found.seeds, found.mean, found.over_seeds) == (1, pytest.approx(5), None)
    assert compare({1: tables([0.5])[0]}, tables([0.5])) is None


def test_equal_networks_do_not_differ():
    found = compare(tables([0.5, 0.6, 0.7]), tables([0.5, 0.6, 0.7]))
    assert (found.mean, found.wilcoxon_p, found.over_images) == (0, 1, None)


@settings(max_examples=20)
@given(st.lists(st.integers(-50, 50), min_size=8, max_size=20, unique=True))
def test_exchanging_the_rows_changes_the_sign_only(points):
    first, second = tables(np.array(points) / 100), tables(np.zeros(len(points)))
    there, back = compare(first, second), compare(second, first)
    assert there.mean == pytest.approx(-back.mean)
    assert there.wilcoxon_p == pytest.approx(back.wilcoxon_p)
    assert there.over_images == pytest.approx(tuple(-end for end in reversed(back.over_images)), abs=0.5)
    assert there.wilcoxon_p == pytest.approx(stats.wilcoxon(points).pvalue)
