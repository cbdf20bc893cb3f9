"""Instances that share pixels, of which the first keeps them."""

from collections import Counter

import numpy as np

LOST_ALL, LOST_SOME = "instances of which no pixel is left", "instances that lost pixels to earlier ones"


def keep_first(mask: np.ndarray, region: np.ndarray, number: int, passed_over: Counter) -> None:
    """Gives the pixels of a region that no earlier instance has its number.

    Args:
        mask: (H, W), 0 where there is no instance yet; changed.
        region: (H, W) bool, of the instance.
        number: of the instance.
        passed_over: where it is counted that an instance lost pixels; changed.
    """
    free = region & (mask == 0)
    mask[free] = number
    if not free.any():
        passed_over[LOST_ALL] += 1
    elif (free != region).any():
        passed_over[LOST_SOME] += 1
