"""What seeds can say: whether our mean and a published number are equal within a margin, and how many it takes."""

import math
import statistics
from collections.abc import Sequence
from enum import Enum

from scipy import stats

LEVEL = 0.05  # at most this often is either verdict wrong
POWER = 0.8
FEWEST_SEEDS = 3
MOST_SEEDS = 1000


class Outcome(Enum):
    """Of a test for equivalence."""

    EQUAL = "equal within the margin"
    DIFFERENT = "different by more than the margin"
    OPEN = "open"


def equivalence(published: float, ours: Sequence[float], margin: float) -> Outcome:
    """Two one-sided t tests (Schuirmann, J. Pharmacokinet. Biopharm. 15:657, 1987) at the level of 5 %, and a third.

    The published number is one draw as well, of a training as variable as ours: the standard error of the difference is
    s sqrt(1 + 1/n). Trainings whose means differ by the margin or more are called equal in at most 5 % of cases, and
    those whose means differ by the margin or less are called different in at most 5 %.

    Args:
        published: the published number.
        ours: one number a seed; fewer than three leave the question open.
        margin: largest difference that does not matter, in the same unit.
    """
    if len(ours) < FEWEST_SEEDS:
        return Outcome.OPEN
    apart = abs(statistics.fmean(ours) - published)
    error = statistics.stdev(ours) * math.sqrt(1 + 1 / len(ours))
    reach = error * stats.t.ppf(1 - LEVEL, len(ours) - 1)
    if apart + reach < margin:
        return Outcome.EQUAL
    return Outcome.DIFFERENT if apart - reach > margin else Outcome.OPEN


def seeds_needed(spread: float, difference: float) -> int | None:
    """Seeds of each of two rows with which a two-sided t test at 5 % sees a difference with a probability of 80 %.

    Args:
        spread: standard deviation over seeds, of either row.
        difference: between the rows' true means, other than 0.

    Returns:
        At least 2; None where 1,000 do not do.
    """
    for seeds in range(2, MOST_SEEDS + 1):
        freedom, shift = 2 * (seeds - 1), abs(difference) / (spread * math.sqrt(2 / seeds)) if spread else math.inf
        if shift == math.inf or stats.nct.sf(stats.t.ppf(1 - LEVEL / 2, freedom), freedom, shift) >= POWER:
            return seeds
    return None
