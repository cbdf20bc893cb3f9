"""Clocks for benchmarks."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import cv2


def seconds(action: Callable) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def median_seconds(action: Callable, repeats: int) -> float:
    """Median over calls, after one that warms up."""
    action()
    return statistics.median(seconds(action) for _ in range(repeats))


def median_seconds_in_turn(
    actions: Mapping[str, Callable], repeats: int, at_most: float = math.inf
) -> dict[str, float]:
    """Medians over rounds that call each action once, so that a slow moment of the machine meets all of them alike.

    Args:
        actions: what to call, warm already.
        repeats: rounds.
        at_most: seconds after which no further round begins.
    """
    durations: list[dict[str, float]] = []
    while len(durations) < repeats and sum(sum(each.values()) for each in durations) < at_most:
        durations.append({name: seconds(action) for name, action in actions.items()})
    return {name: statistics.median(each[name] for each in durations) for name in actions}


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV on one core; NumPy, SciPy and scikit-image use no more for what is timed here."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
