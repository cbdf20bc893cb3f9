"""Errors of counts, from the tables that runs leave."""

from collections.abc import Sequence

import pandas as pd

METHODS = {  # columns of counts.csv
    "head": "count head",
    "components": "connected components",
    "watershed": "watershed",
    "training_mean": "training mean",
}


def mean_absolute_errors(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """MAE of each method in cells an image, one line for each value of the columns `by`."""
    errors = counts[list(METHODS)].sub(counts.truth, axis=0).abs()
    return errors.groupby([counts[column] for column in by], sort=False).mean()
