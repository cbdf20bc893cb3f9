"""Paired differences between two rows of a table over test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95
Interval = tuple[float, float]


@dataclass(frozen=True)
class PairedDifference:
    """First row minus second row, in per cent points, each image averaged over seeds first.

    Attributes:
        first, second: the rows' names.
        metric: a column of `per_image.csv`.
        images, seeds: how many both rows have.
        mean: over images.
        wilcoxon_p: two-sided p of Wilcoxon's signed-rank test over images.
        over_images: bootstrap interval (BCa) of the mean over images, None where all differences are equal.
        over_seeds: t interval over the seeds' means, None with one seed. The first interval says how far the result
            holds for other images, the second how far for other trainings.
    """

    first: str
    second: str
    metric: str
    images: int
    seeds: int
    mean: float
    wilcoxon_p: float
    over_images: Interval | None
    over_seeds: Interval | None


def paired_difference(
    first: tuple[str, Mapping[int, pd.DataFrame]], second: tuple[str, Mapping[int, pd.DataFrame]], metric: str
) -> PairedDifference | None:
    """Compares two rows image by image.

    Args:
        first, second: name, and by seed the table of `per_image.csv`.
        metric: the column, a share between 0 and 1.

    Returns:
        The difference over the seeds and images that both have (an image without a number is left out), or None where
        there are none.
    """
    seeds = sorted(first[1].keys() & second[1].keys())
    by_seed = {seed: _by_image(first[1][seed], metric) - _by_image(second[1][seed], metric) for seed in seeds}
    differences = 100 * pd.DataFrame(by_seed).dropna()
    if differences.empty:
        return None
    over_images = differences.mean(axis=1).to_numpy()
    return PairedDifference(
        first=first[0],
        second=second[0],
        metric=metric,
        images=len(over_images),
        seeds=len(seeds),
        mean=float(over_images.mean()),
        wilcoxon_p=float(stats.wilcoxon(over_images).pvalue) if over_images.any() else 1.0,
        over_images=_bootstrap_interval(over_images),
        over_seeds=t_interval(differences.mean(axis=0).to_numpy()),
    )


def _by_image(table: pd.DataFrame, metric: str) -> pd.Series:
    return table.set_index("id")[metric]


def _bootstrap_interval(values: np.ndarray) -> Interval | None:
    if np.ptp(values) == 0:
        return None
    found = stats.bootstrap((values,), np.mean, confidence_level=CONFIDENCE, method="BCa", rng=0).confidence_interval
    return float(found.low), float(found.high)


def t_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Student's interval of a mean, None of fewer than two values."""
    if len(values) < 2:
        return None
    reach = np.std(values, ddof=1) / np.sqrt(len(values)) * stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    return float(np.mean(values) - reach), float(np.mean(values) + reach)
