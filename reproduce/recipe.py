"""Recipes: everything that training and evaluation depend on, each setting with its origin and the reason for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes_unet.errors import InputError

ORIGINS = ("paper", "authors' code", "assumed")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        value: a plain value that JSON can hold.
        origin: `paper`, `authors' code` or `assumed`.
        note: the place in the paper or code, or the reason of the assumption.
    """

    value: Any
    origin: str
    note: str

    def __post_init__(self):
        if self.origin not in ORIGINS:
            raise ValueError(f"origin {self.origin!r} is none of {', '.join(ORIGINS)}")


Recipe = Mapping[str, Setting]


def paper(value: Any, place: str) -> Setting:
    """A setting that the paper states."""
    return Setting(value, "paper", place)


def authors_code(value: Any, place: str) -> Setting:
    """A setting that the paper leaves to its authors' published code, or that the code has otherwise."""
    return Setting(value, "authors' code", place)


def assumed(value: Any, reason: str) -> Setting:
    """A setting that the paper is silent about, or that a preset departs with."""
    return Setting(value, "assumed", reason)


def override(recipe: Recipe, *changes: Recipe) -> dict[str, Setting]:
    """The recipe with the settings of presets and rows in place of its own.

    Raises:
        InputError: a change names a setting that the recipe does not have.
    """
    merged = dict(recipe)
    for change in changes:
        if unknown := set(change) - set(recipe):
            raise InputError(f"unknown setting {sorted(unknown)[0]!r}: the recipe has {', '.join(recipe)}")
        merged |= change
    return merged


def values(recipe: Recipe) -> dict[str, Any]:
    """The bare values by name."""
    return {name: setting.value for name, setting in recipe.items()}
