"""When to stop and how fast to learn, from the validation losses so far: a resumed training needs no other memory."""

import math
from collections.abc import Sequence


def stops(losses: Sequence[float], patience: int | None) -> bool:
    """Whether so many epochs have passed since the lowest loss, as Keras' `EarlyStopping` counts; never with None."""
    return patience is not None and len(losses) > losses.index(min(losses)) + patience


def learning_rate(initial: float, losses: Sequence[float], patience: int | None, factor: float = 0.5) -> float:
    """The rate for the next epoch, as Keras' `ReduceLROnPlateau` sets it.

    Args:
        initial: rate of the first epoch.
        losses: validation losses so far.
        patience: epochs in which no loss is lower by 1e-4 than the best, after which the rate falls; None: it stays.
        factor: by which it falls.
    """
    rate, best, waited = initial, math.inf, 0
    for loss in losses:
        if loss < best - 1e-4:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == patience:
            rate, waited = rate * factor, 0
    return rate
