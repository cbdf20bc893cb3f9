import time

import pytest

from reproduce.benchmarks.timing import median_seconds, median_seconds_in_turn


def test_actions_take_turns_and_no_round_begins_once_the_time_is_up():
    calls = []
    actions = {"long": lambda: calls.append(time.sleep(0.02)), "short": lambda: calls.append("short")}
    medians = median_seconds_in_turn(actions, repeats=50, at_most=0.03)
    assert calls == [None, "short", None, "short"]  # the second round reaches 0.03 s
    assert medians["long"] == pytest.approx(0.02, rel=0.5) and medians["short"] < 0.01


def test_one_call_warms_up():
    calls = []
    median_seconds(lambda: calls.append(None), repeats=5)
    assert len(calls) == 6
