"""Clocks for benchmarks."""

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
    return statistics.median(seconds(action) for _ in range(repeats))
