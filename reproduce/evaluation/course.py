"""How a training went, from its history."""

from collections.abc import Mapping

import pandas as pd


def best_epoch(history: pd.DataFrame) -> int:
    """The epoch of the lowest validation loss, from 1."""
    return int(history["val_loss"].idxmin()) + 1


def course(history: pd.DataFrame, settings: Mapping) -> dict[str, float]:
    """Of a training that decided itself when to end: epochs, the median time of one, and how stable it was.

    Stability is what the validation loss rose by from an epoch to the next, on average, a fall being a rise of 0.
    """
    if not settings.get("early_stopping"):
        return {}
    return {
        "epochs_run": len(history),
        "seconds_per_epoch.training": float(history["seconds"].median()),
        "val_loss.mean_rise": float(history["val_loss"].diff().clip(lower=0).mean()),
    }
