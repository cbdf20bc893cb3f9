import pytest

from reproduce.table import DATA, SIZE, TIME, Metric
from reproduce.verdict import digits, verdict


@pytest.mark.parametrize(
    ("printed", "ours", "expected"),
    [
        ("5.3", 5.33, "reproduced (rounding)"),
        ("6.09", 6.0963, "reproduced (truncation)"),
        ("32", 32.56, "reproduced (truncation)"),
        ("0.15", 0.145, "reproduced (rounding)"),
        ("10.15", 10.1155, "differs"),
        ("34", 35.0, "differs"),
        ("94.10", 94.1, "reproduced (rounding)"),
        ("94.10", 94.11, "differs"),
    ],
)
def test_printed_digits_by_rounding_or_truncation(printed, ours, expected):
    assert digits(printed, ours) == expected


@pytest.mark.parametrize(
    ("depends_on", "printed", "ours", "failed", "expected"),
    [
        (SIZE, "7.8", 7.760163, False, "reproduced (rounding)"),
        (SIZE, "7.8", 8.0, False, "differs"),
        (DATA, "94.59", 94.59, False, "not comparable"),
        (TIME, "0.15", 0.15, False, "not comparable"),
        (DATA, "94.59", None, False, "not run"),
        (DATA, "94.59", None, True, "failed"),
        (SIZE, None, 7.760163, False, "not published"),
    ],
)
def test_verdicts(depends_on, printed, ours, failed, expected):
    assert verdict(Metric("m", "m", depends_on), printed, ours, failed) == expected
