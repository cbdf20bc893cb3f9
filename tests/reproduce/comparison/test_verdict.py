import pytest

from nodes_unet.data.source import ROLES
from reproduce.cli.tables import load_tables
from reproduce.comparison.verdict import digits, verdict
from reproduce.table import DATA, SIZE, TIME, Metric

QUALITY = Metric("m", "m", DATA, margin=1.0, margin_reason="tests")


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
        (SIZE, "7.8", [7.760163], False, "reproduced (rounding)"),
        (SIZE, "7.8", [8.0], False, "differs"),
        (TIME, "0.15", [0.15], False, "not comparable"),
        (DATA, "94.59", [], False, "not run"),
        (DATA, "94.59", [], True, "failed"),
        (SIZE, None, [7.760163], False, "not published"),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_verdicts_that_need_no_images_of_the_paper(depends_on, printed, ours, failed, expected, role):
    assert verdict(Metric("m", "m", depends_on), printed, ours, role, failed) == expected


@pytest.mark.parametrize("role", [role for role in ROLES if role != "paper"])
@pytest.mark.parametrize("ours", [[94.59] * 10, [94.5, 94.6, 94.7], [10.0] * 3])
def test_other_images_than_the_papers_never_reproduce_or_refute_a_quality(role, ours):
    assert verdict(QUALITY, "94.59", ours, role, False) == "not comparable"


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([94.5, 94.6, 94.7], "reproduced"),
        ([90.5, 90.6, 90.7], "differs"),
        ([90.5, 94.6, 97.7], "inconclusive"),
        ([94.59, 94.59], "inconclusive"),
    ],
)
def test_on_the_papers_images_seeds_decide_within_the_margin(ours, expected):
    assert verdict(QUALITY, "94.59", ours, "paper", False) == expected


def test_without_a_margin_nothing_is_decided():
    assert verdict(Metric("m", "m", DATA), "94.59", [94.59] * 5, "paper", False) == "inconclusive"


WITHOUT_PROTOCOL = {("counting", "iou.per_image")}  # the paper does not say of what its mean IoU is the mean


def test_every_published_quality_has_a_margin_with_a_reason_where_the_paper_says_what_it_is():
    for table in load_tables().values():
        for metric in table.metrics:
            if metric.depends_on == DATA and metric.published and (table.id, metric.name) not in WITHOUT_PROTOCOL:
                assert metric.margin and metric.margin_reason, f"{table.id}, {metric.name}"
