import math

import pytest

from reproduce.regression.number import Number


def number(expected, found, tolerance=0.0):
    return Number("reference", "a run", "miou", expected, found, tolerance)


@pytest.mark.parametrize("found", [0.79, 0.81])
def test_a_gain_moves_a_number_as_much_as_a_loss(found):
    assert not number(0.8, found, 0.005).holds
    assert number(0.8, found, 0.02).holds


@pytest.mark.parametrize(
    ("expected", "found", "holds"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        (None, None, True),
        (0.8, None, False),
        (None, 0.8, False),
        (0.8, math.nan, False),
        (7, 7.0, True),
    ],
)
def test_texts_and_missing_numbers_have_to_be_equal(expected, found, holds):
    assert number(expected, found).holds is holds


def test_it_names_subject_number_and_both_values():
    assert str(number(0.8, 0.79, 0.005)) == "a run: miou 0.79, expected 0.8 within 0.005"
