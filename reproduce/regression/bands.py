"""Bands for numbers of other seeds, versions or machines than those of the reference."""

import math
from collections.abc import Sequence
from statistics import variance

from scipy import stats

FALSE_ALARMS = 0.01


def half_width(by_row: Sequence[Sequence[float]], seeds: int, numbers: int) -> float:
    """Half the width of the interval around the reference's mean in which one further training is expected.

    The interval is that of a prediction by the t distribution, with the standard deviation over seeds pooled over the
    rows of a table. It is so wide that, of `numbers` that are checked so, with probability 1 - `FALSE_ALARMS` at least,
    none leaves its interval where nothing has changed (Bonferroni), as far as trainings are normally distributed with
    one standard deviation for all rows.

    Args:
        by_row: of each row, the reference's values, one a seed.
        seeds: how many the mean in the middle is of.
        numbers: how many numbers are checked at a time.

    Raises:
        ValueError: no row has two seeds.
    """
    several = [values for values in by_row if len(values) > 1]
    freedom = sum(len(values) - 1 for values in several)
    if not freedom:
        raise ValueError("the spread over seeds needs a row with two of them")
    deviation = math.sqrt(sum((len(values) - 1) * variance(values) for values in several) / freedom)
    return float(stats.t.ppf(1 - FALSE_ALARMS / numbers / 2, freedom)) * deviation * math.sqrt(1 + 1 / seeds)
