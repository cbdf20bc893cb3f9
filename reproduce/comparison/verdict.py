"""Verdicts: what may be said of a published number and ours."""

import statistics
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from reproduce.comparison.equivalence import Outcome, equivalence
from reproduce.table import DATA, SIZE, Metric

REPRODUCED = "reproduced"
REPRODUCED_BY_ROUNDING = "reproduced (rounding)"
REPRODUCED_BY_TRUNCATION = "reproduced (truncation)"
DIFFERS = "differs"
INCONCLUSIVE = "inconclusive"
NOT_COMPARABLE = "not comparable"
NOT_RUN = "not run"
FAILED = "failed"
UNPUBLISHED = "not published"


def verdict(metric: Metric, printed: str | None, ours: Sequence[float], role: str, failed: bool) -> str:
    """The verdict of a cell.

    Numbers that need no data are compared digit by digit. Qualities measured on the paper's images with its labels are
    compared within the metric's margin, from three seeds on; on other images they are shown without a verdict, and so
    is what belongs to the machine that it was measured on.

    Args:
        metric: the column.
        printed: the published number with its printed digits, None where there is none.
        ours: one number a seed, in the published unit.
        role: of the dataset.
        failed: every run of the row failed.
    """
    if not ours:
        return FAILED if failed else NOT_RUN
    if printed is None:
        return UNPUBLISHED
    if metric.depends_on == SIZE:
        return digits(printed, statistics.fmean(ours))
    if metric.depends_on != DATA or role != "paper":
        return NOT_COMPARABLE
    if metric.margin is None:
        return INCONCLUSIVE
    found = equivalence(float(printed), ours, metric.margin)
    return {Outcome.EQUAL: REPRODUCED, Outcome.DIFFERENT: DIFFERS, Outcome.OPEN: INCONCLUSIVE}[found]


def digits(printed: str, ours: float) -> str:
    """Whether a number equals the printed digits, by rounding or by truncation."""
    published = Decimal(printed)
    exponent = Decimal(1).scaleb(published.as_tuple().exponent)
    value = Decimal(repr(ours))
    if value.quantize(exponent, ROUND_HALF_UP) == published:
        return REPRODUCED_BY_ROUNDING
    if value.quantize(exponent, ROUND_DOWN) == published:
        return REPRODUCED_BY_TRUNCATION
    return DIFFERS
