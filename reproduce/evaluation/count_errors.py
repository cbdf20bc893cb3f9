"""Errors of counts, from the tables that runs leave."""

from collections.abc import Sequence

import pandas as pd

METHODS = {  # columns of counts.csv
    "head": "count head",
    "components": "connected components",
    "watershed": "watershed",
    "training_mean": "training mean",
}


def count_metrics(counts: pd.DataFrame) -> dict[str, float]:
    """MAE of a run's counts in cells an image, by class and method: `mae_white.head` and so on."""
    by_class = mean_absolute_errors(counts, ["class"])
    return {f"mae_{name}.{method}": by_class.loc[name, method] for name in by_class.index for method in METHODS}


def mean_absolute_errors(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """MAE of each method in cells an image, one line for each value of the columns `by`."""
    errors = counts[list(METHODS)].sub(counts.truth, axis=0).abs()
    return errors.groupby([counts[column] for column in by], sort=False).mean()
