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


def median_seconds(action: Callable, repeats: int, at_most: float = math.inf) -> float:
    """Median over calls, after one that warms up; no further call once they have taken `at_most` seconds together."""
    action()
    durations: list[float] = []
    while len(durations) < repeats and sum(durations) < at_most:
        durations.append(seconds(action))
    return statistics.median(durations)
