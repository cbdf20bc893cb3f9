"""How the ODE-blocks' solver fared in training, epoch by epoch: evaluations, rejected steps, failed solves."""

import pandas as pd

MEASURES = {
    "nfe": "NFE a solve, forward",
    "nfe_backward": "NFE a solve, backward",
    "rejected": "rejected steps a solve",
    "failed": "share of failed solves",
}


def by_epoch(history: pd.DataFrame, block: str) -> dict[str, list[float]]:
    """Means over an epoch's training batches of one block, by the names of `MEASURES`."""
    return {measure: history[f"{block}_{measure}"].tolist() for measure in MEASURES}
