"""Verdicts: what may be said of a published number and ours."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from reproduce.table import SIZE, Metric

REPRODUCED_BY_ROUNDING = "reproduced (rounding)"
REPRODUCED_BY_TRUNCATION = "reproduced (truncation)"
DIFFERS = "differs"
INCONCLUSIVE = "inconclusive"
NOT_COMPARABLE = "not comparable"
NOT_RUN = "not run"
FAILED = "failed"
UNPUBLISHED = "not published"


def verdict(metric: Metric, printed: str | None, ours: float | None, failed: bool) -> str:
    """The verdict of a cell.

    Numbers that need no data are compared digit by digit. The others are shown without a verdict: the papers' images
    with the papers' labels are not to be had, and a time belongs to the machine that it was measured on.

    Args:
        metric: the column.
        printed: the published number with its printed digits, None where there is none.
        ours: the mean over seeds in the published unit, None where there is none.
        failed: every run of the row failed.
    """
    if ours is None:
        return FAILED if failed else NOT_RUN
    if printed is None:
        return UNPUBLISHED
    return digits(printed, ours) if metric.depends_on == SIZE else NOT_COMPARABLE


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
