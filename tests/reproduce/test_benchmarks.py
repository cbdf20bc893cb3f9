from reproduce import benchmarks


def test_streaming_is_measured_against_bare_reading(tmp_path):
    measured = benchmarks.stream(12, tmp_path)
    assert measured["crops"] == 12
    assert measured["ratio_to_floor"] == measured["seconds_streaming"] / measured["seconds_floor_reading_only"]
    assert measured["peak_memory_megabytes"] > 50
    assert list(tmp_path.iterdir()) == []


def test_xla_is_measured_against_none():
    measured = benchmarks.xla("unet", 16, 2, 1, steps=1)
    assert measured["ratio"] == measured["seconds_with_xla"] / measured["seconds_without_xla"]
