import time

from reproduce.benchmarks.timing import median_seconds, median_seconds_warm


def test_a_long_action_is_called_no_more_than_it_takes():
    calls = []
    median_seconds_warm(lambda: calls.append(time.sleep(0.02)), repeats=50, at_most=0.03)
    assert len(calls) == 2  # the second reaches 0.03 s
    median_seconds(lambda: calls.append(None), repeats=5)
    assert len(calls) == 2 + 6  # one to warm up
