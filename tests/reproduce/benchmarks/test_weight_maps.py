import cv2
import numpy as np
import pandas as pd
import pytest

from nodes_unet import InputError
from nodes_unet.weight_maps import TOLERANCE
from reproduce import cli
from reproduce.benchmarks import weight_maps as benchmark


def test_every_case_is_measured_and_the_maps_agree():
    threads = cv2.getNumThreads()
    found = benchmark.measure(cells=(1, 5), sizes=(64, 96), repeats=1)
    assert cv2.getNumThreads() == threads
    assert found[["size", "cells"]].to_numpy().tolist() == [[64, 1], [64, 5], [96, 1], [96, 5]]
    assert (found.seconds > 0).all() and (found.seconds_full_scipy > 0).all()
    np.testing.assert_allclose(found.ratio, found.seconds_full_scipy / found.seconds)
    np.testing.assert_allclose(found.seconds_per_object, found.seconds / found.cells)
    np.testing.assert_allclose(found.ratio_as_printed, found.seconds_full_scipy / found.seconds_as_printed)
    assert (found.max_relative_error <= TOLERANCE).all()
    assert (found.max_relative_error_as_printed > 0).all() and (found.max_relative_error_as_printed <= TOLERANCE).all()


def test_far_from_cells_where_maps_as_printed_are_0_their_relative_error_does_not_count():
    (found,) = benchmark.measure(cells=(1,), sizes=(1200,), repeats=1).to_dict("records")
    assert (benchmark.full(benchmark.round_cells(1200, 1), 25.0) == 0).any()
    assert 0 < found["max_relative_error_as_printed"] <= TOLERANCE


def test_scipy_takes_no_part_where_it_would_take_too_long(monkeypatch):
    monkeypatch.setattr(benchmark, "MOST_PIXELS", 2 * 64**2)
    few, many = benchmark.measure(cells=(2, 3), sizes=(64,), repeats=1).to_dict("records")
    assert few["ratio"] > 0 and few["max_relative_error"] <= TOLERANCE
    assert many["seconds"] > 0
    assert many["seconds_as_printed"] > 0
    of_scipy = [name for name in many if name.startswith(("seconds_full", "ratio", "max_relative_error"))]
    assert len(of_scipy) == 5 and np.isnan([many[name] for name in of_scipy]).all()


def test_cells_are_round_whole_in_number_and_the_same_each_time():
    labels = benchmark.round_cells(128, 60)
    assert np.unique(labels).tolist() == list(range(61))
    np.testing.assert_array_equal(benchmark.round_cells(128, 60), labels)
    one = benchmark.round_cells(512, 1) > 0
    assert 180 < one.sum() < 500


def test_more_cells_than_an_image_has_room_for_are_refused():
    with pytest.raises(InputError, match=r"an image of 24x24 is full with \d+ cells: ask for fewer than 400"):
        benchmark.round_cells(24, 400)


def test_the_command_prints_and_writes_the_same_cases(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "weightmaps", "--cells", "1,3", "--sizes", "64", "--out", str(tmp_path / "maps.csv")])
    assert ended.value.code == 0
    written = pd.read_csv(tmp_path / "maps.csv")
    assert written[["size", "cells"]].to_numpy().tolist() == [[64, 1], [64, 3]]
    first = capsys.readouterr().out.splitlines()[1].split()
    assert float(first[2]) == pytest.approx(written.seconds[0], rel=1e-3)


def test_what_was_measured_is_printed_even_where_the_file_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "weightmaps", "--cells", "1", "--sizes", "64", "--out", str(tmp_path / "file" / "maps.csv")])
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert "maps.csv cannot be written" in told.err
    assert told.out.splitlines()[1].split()[:2] == ["64", "1"]
