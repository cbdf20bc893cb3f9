import pytest

from nodes_unet import InputError
from reproduce.recipe import Setting, assumed, override, paper, values

RECIPE = {"epochs": paper(50, "section 3.2"), "optimizer": assumed("adam", "silent")}


def test_later_changes_win_and_carry_their_own_origin():
    merged = override(RECIPE, {"epochs": assumed(10, "quick")}, {"epochs": assumed(5, "row")})
    assert merged["epochs"] == Setting(5, "assumed", "row")
    assert merged["optimizer"] is RECIPE["optimizer"]
    assert values(RECIPE) == {"epochs": 50, "optimizer": "adam"}


def test_a_change_of_an_unknown_setting_is_named():
    with pytest.raises(InputError, match="unknown setting 'epoch': the recipe has epochs, optimizer"):
        override(RECIPE, {"epoch": assumed(1, "typing error")})


def test_an_origin_is_one_of_three():
    with pytest.raises(ValueError, match="origin 'guess'"):
        Setting(1, "guess", "")
