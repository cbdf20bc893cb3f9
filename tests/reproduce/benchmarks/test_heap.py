from reproduce.benchmarks import heap as benchmark


def test_a_training_is_measured_with_freed_memory_given_back_and_kept():
    found = benchmark.heap("unet", 32, 2, 2, steps=2)
    assert found["freed memory"].tolist() == ["given back", "kept"]
    assert (found.seconds > 0).all() and (found.faults >= 0).all() and (found.peak_bytes > 50e6).all()
    assert found.ratio.tolist() == [1, found.seconds[1] / found.seconds[0]]


def test_a_training_that_fails_is_a_sentence():
    found = benchmark.heap("no network", 32, 2, 2, steps=2)
    assert "no network" in found.error[0] and "ratio" not in found
