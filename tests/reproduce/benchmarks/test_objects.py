import pytest

from reproduce.benchmarks.objects import measure


def test_every_step_is_timed_beside_the_floor():
    steps = measure(cells=5, height=200, width=240, repeats=1).set_index("step")
    assert steps.ratio.iloc[0] == 1
    assert {"post-processing", "rule: paper", "rule: optimal", "post-processing and matching"} <= set(steps.index)
    assert (steps.seconds > 0).all()
    assert steps.ratio["post-processing"] == pytest.approx(steps.seconds["post-processing"] / steps.seconds.iloc[0])
