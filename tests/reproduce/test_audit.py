"""The audit: what is known to hold and what not, and its arithmetic against networks that are built."""

import re
from pathlib import Path

import pytest

from nodes_unet import build
from reproduce.audit import as_markdown, audit, class_shares

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def checks():
    return audit()


def about(checks, *words):
    found = [check for check in checks if all(word in check.question for word in words)]
    assert found, words
    return found


def test_pa_is_the_share_weighted_cpa_in_table_1_and_not_in_table_2(checks):
    shares = class_shares()
    assert shares == pytest.approx([0.4366, 0.4783, 0.0851], abs=1e-4) and shares.sum() == pytest.approx(1, abs=1e-4)
    assert [check.holds for check in about(checks, "from its CPA")] == [True, False]
    assert "U-Net, 94.59 for 94.42" in about(checks, "Table 2 from its CPA")[0].arithmetic


def test_the_readme_says_how_many_hold(checks):
    held = sum(check.holds for check in checks)
    assert f"{held} of {len(checks)} checks hold" in README.read_text(encoding="utf-8")


def test_stated_gains_are_those_of_table_2(checks):
    gains = about(checks, "gain of")
    assert len(gains) == 6 and all(check.holds for check in gains)
    assert "95.30 - 94.42 = 0.88; stated 0.88" in [check.arithmetic for check in gains]


def test_one_network_has_two_scores(checks):
    assert [check.holds for check in about(checks, "of the U-Net: Table 1 against Table 2")] == [False, False]


def test_memory_is_that_of_networks_that_can_be_built(checks):
    resnet = build("resnet_unet").count_params()
    for check in about(checks, "parameter memory"):
        positions = [int(number) for number in re.findall(r"\d", check.question.split("positions")[1])]
        nodes = build("nodes_unet", positions=positions, tolerances=[1e-4] * 3).count_params()
        assert check.arithmetic.startswith(f"{nodes:,} of {resnet:,} parameters")
    assert [check.holds for check in about(checks, "parameter memory")] == [False, True]


def test_dice_and_iou_of_three_rows_cannot_both_be_means_over_images(checks):
    found = {check.question.split("of ")[1].split(",")[0]: check for check in about(checks, "Dice and IoU")}
    assert {row: check.holds for row, check in found.items()} == {
        "U-Net without AU": False,
        "[7]": True,
        "U-Net with AU": False,
        "LinkNet with AU": False,
    }
    assert "= 93.73 %; printed 97.2" in found["U-Net without AU"].arithmetic


def test_counting_the_background_too_explains_two_of_three_rows_and_not_on_one_test_set(checks):
    both = {check.question.split("of ")[1].split(" as ")[0]: check for check in about(checks, "cells and background,")}
    assert {row: check.holds for row, check in both.items() if "PA" not in row} == {
        "U-Net without AU": False,
        "U-Net with AU": True,
        "LinkNet with AU": True,
    }
    assert both["U-Net without AU"].arithmetic.endswith("2 x 97.2 - 93.73 = 100.67 %")
    (pixels,) = about(checks, "which is PA")
    # 2.8 % of all pixels are wrong and are 11.8 % of the cells' union: it is 23.7 % of all pixels
    assert "U-Net without AU 20.9 to 23.7 %, U-Net with AU 41.3 to 46.3 %" in pixels.arithmetic and not pixels.holds


def test_sizes_do_not_go_together(checks):
    assert not any(check.holds for check in about(checks, "FLOPs of"))
    assert not any(check.holds for check in about(checks, "storage of"))
    (blocks,) = about(checks, "MBConv")
    assert "= 32;" in blocks.arithmetic and blocks.arithmetic.endswith("= 16") and not blocks.holds


def test_about_six_times_is_five_and_about_40_per_cent_is_right(checks):
    (times,), (fewer,) = about(checks, "about 6 times"), about(checks, "about 40 %")
    assert ("= 5.25" in times.arithmetic, times.holds, fewer.holds) == (True, False, True)


def test_every_check_shows_its_numbers(checks):
    assert all(len(re.findall(r"\d", check.arithmetic)) >= 4 for check in checks)
    assert {check.paper for check in checks} == {"li2021", "abbas2023", "morelli2021"}


def test_the_document_has_a_line_for_each_check_under_its_paper(checks):
    document = as_markdown(checks)
    assert document.count("| yes |") == sum(check.holds for check in checks)
    assert document.count("| **no** |") == sum(not check.holds for check in checks)
    assert document.index("## Abbas") < document.index("MBConv") < document.index("## Morelli")
