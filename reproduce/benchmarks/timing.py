"""Clocks for benchmarks."""

import math
import statistics
import time
from collections.abc import Callable


def seconds(action: Callable) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def median_seconds(action: Callable, repeats: int) -> float:
    """Median over calls, after one that warms up."""
    action()
    return median_seconds_warm(action, repeats)


def median_seconds_warm(action: Callable, repeats: int, at_most: float = math.inf) -> float:
    """Median over calls of what was called before; no further call once they have taken `at_most` seconds together."""
    durations: list[float] = []
    while len(durations) < repeats and sum(durations) < at_most:
        durations.append(seconds(action))
    return statistics.median(durations)
