"""Tests of claims: what seeds say of an ordering, a ratio or an equality between numbers of runs."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from reproduce.comparison.equivalence import FEWEST_SEEDS
from reproduce.comparison.paired import CONFIDENCE, t_interval

SUPPORTED, REFUTED, INCONCLUSIVE, NOT_TESTED = "supported", "refuted", "inconclusive", "not tested"


class Quantity(NamedTuple):
    """A number of a row: the row's name and a metric of run records."""

    row: str
    metric: str

    def __str__(self) -> str:
        return f"{self.metric} of {self.row}"


Values = Callable[[Quantity], Mapping[int, float]]  # of a quantity by seed


class Evidence(NamedTuple):
    """What runs say of a claim.

    Attributes:
        outcome: `supported`, `refuted`, `inconclusive` or `not tested`.
        effect: in words, with interval and number of seeds.
    """

    outcome: str
    effect: str


@dataclass(frozen=True)
class Above:
    """Quantity `first` is above `second`, or below it by less than an allowance: the second is no improvement.

    The differences of seeds that both have; supported or refuted where their t interval at 95 % lies on one side of 0,
    or of the allowance below it, from three seeds on; neither where a number is NaN, which stands for one that a run
    did not get to.
    """

    first: Quantity
    second: Quantity
    allowance: float = 0
    confidence: float = CONFIDENCE

    def __call__(self, values: Values) -> Evidence:
        """What the values say."""
        first, second = values(self.first), values(self.second)
        differences = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
        if not differences:
            return _missing(self.first, self.second)
        if unknown := sum(map(math.isnan, differences)):
            seeds = _seeds(len(differences))
            return Evidence(
                INCONCLUSIVE, f"{self.first} - {self.second}: trainings ended too early ({unknown} of {seeds})"
            )
        low, high = _interval(differences, confidence=self.confidence)
        shown = _shown(low, high, differences, self.confidence)
        what = f"{self.first} - {self.second}: {statistics.fmean(differences):+.4g}{shown}"
        if self.allowance:
            what += f"; allowed -{self.allowance:g}"
        if low > -self.allowance:
            return Evidence(SUPPORTED, what)
        return Evidence(REFUTED if high < -self.allowance else INCONCLUSIVE, what)


@dataclass(frozen=True)
class Near:
    """The ratio of two quantities is a number, to within a margin.

    Supported where the t interval of the ratios of seeds lies within the margin, refuted where it lies outside of it.
    Numbers that do not vary (`exact`) need one seed and no interval.
    """

    first: Quantity
    second: Quantity
    number: float
    margin: float
    exact: bool = False

    def __call__(self, values: Values) -> Evidence:
        """What the values say."""
        first, second = values(self.first), values(self.second)
        ratios = [first[seed] / second[seed] for seed in sorted(first.keys() & second.keys())]
        if not ratios:
            return _missing(self.first, self.second)
        low, high = _interval(ratios, self.exact)
        what = (
            f"{self.first} / that of {self.second.row}: {statistics.fmean(ratios):.4g}{_shown(low, high, ratios)}; "
            f"claimed {self.number:g}, margin {self.margin:g}"
        )
        if self.number - self.margin <= low and high <= self.number + self.margin:
            return Evidence(SUPPORTED, what)
        outside = high < self.number - self.margin or low > self.number + self.margin
        return Evidence(REFUTED if outside else INCONCLUSIVE, what)


@dataclass(frozen=True)
class Alike:
    """All quantities are equal, to within a margin.

    Supported where the t intervals at 90 % of all differences between two of them lie within the margin (two one-sided
    tests at 5 % each), refuted where one of them, at 95 % over all pairs (Bonferroni), lies outside.
    """

    quantities: Sequence[Quantity]
    margin: float

    def __call__(self, values: Values) -> Evidence:
        """What the values say."""
        known = {quantity: values(quantity) for quantity in self.quantities}
        if lacking := [quantity for quantity, by_seed in known.items() if not by_seed]:
            return _missing(*lacking)
        pairs = [(one, other) for place, one in enumerate(self.quantities) for other in self.quantities[place + 1 :]]
        shared = [
            [known[one][seed] - known[other][seed] for seed in sorted(known[one].keys() & known[other].keys())]
            for one, other in pairs
        ]
        means = [statistics.fmean(by_seed.values()) for by_seed in known.values()]
        fewest = min(map(len, shared))
        what = f"{self.quantities[0].metric} of {len(means)} rows: {min(means):.4g} to {max(means):.4g}"
        what += f", {_seeds(fewest)}; margin {self.margin:g}"
        if all(max(map(abs, _interval(each, confidence=0.9))) <= self.margin for each in shared):
            return Evidence(SUPPORTED, what)
        strict = 1 - (1 - CONFIDENCE) / len(pairs)
        apart = [_interval(each, confidence=strict) for each in shared]
        refuted = any(low > self.margin or high < -self.margin for low, high in apart)
        return Evidence(REFUTED if refuted else INCONCLUSIVE, what)


@dataclass(frozen=True)
class Every:
    """All orderings hold: supported where each is, refuted where one is at 95 % over all of them (Bonferroni)."""

    tests: Sequence[Above]

    def __call__(self, values: Values) -> Evidence:
        """What the values say; of many tests, that of the one which decides."""
        strict = 1 - (1 - CONFIDENCE) / len(self.tests)
        found = [test(values) for test in self.tests]
        found = [
            replace(test, confidence=strict)(values) if evidence.outcome == REFUTED else evidence
            for test, evidence in zip(self.tests, found, strict=True)
        ]
        for outcome in (REFUTED, NOT_TESTED, INCONCLUSIVE):
            deciding = [evidence.effect for evidence in found if evidence.outcome == outcome]
            if deciding:
                more = f" ({len(deciding)} of {len(found)} parts are {outcome})" if len(found) > 1 else ""
                return Evidence(outcome, deciding[0] + more)
        return Evidence(SUPPORTED, "; ".join(evidence.effect for evidence in found))


Test = Above | Near | Alike | Every


def _missing(*quantities: Quantity) -> Evidence:
    rows = ", ".join(dict.fromkeys(quantity.row for quantity in quantities))
    return Evidence(NOT_TESTED, f"no seed has {quantities[0].metric} of {rows}")


def _interval(numbers: Sequence[float], exact: bool = False, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The t interval of a mean; the number itself where it is exact, and everything below three seeds."""
    if exact:
        return numbers[0], numbers[0]
    if len(numbers) < FEWEST_SEEDS:
        return -math.inf, math.inf
    return t_interval(numbers, confidence)


def _shown(low: float, high: float, numbers: Sequence[float], confidence: float = CONFIDENCE) -> str:
    if low == high:
        return ""
    seeds = _seeds(len(numbers))
    return f" ({seeds})" if math.isinf(low) else f" ({100 * confidence:.4g} % {low:+.4g} to {high:+.4g}, {seeds})"


def _seeds(number: int) -> str:
    return f"{number} seed{'s' if number > 1 else ''}"
