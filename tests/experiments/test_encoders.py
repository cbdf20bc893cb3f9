import pytest

from experiments.encoders import TABLE
from nodes_unet import InputError, build
from reproduce.comparison.compare import compare
from reproduce.records import find_records
from reproduce.report import render, write_report
from reproduce.request import Request
from reproduce.running import run

PARAMETERS = [5_330_571, 60_419_944, 33_736_232, 23_851_784, 22_910_480, 55_873_736]


def test_all_six_rows_equal_the_printed_digits_without_any_images(tmp_path):
    records = run(Request(TABLE, TABLE.rows, [0], "paper", "no/such/file", tmp_path))
    assert [record["metrics"]["parameters"] for record in records] == PARAMETERS
    comparison = compare(TABLE, find_records(tmp_path, TABLE.id))
    assert [cells[0].verdict for cells in comparison.cells] == ["reproduced (rounding)"] * 6
    text = render(comparison, "text")
    assert "6 reproduced (rounding)" in text and "no images are needed" in text and "anecdote" not in text
    write_report(comparison, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir())[0] == "figure.png"
    assert run(Request(TABLE, TABLE.rows, [0], "paper", "synthetic", tmp_path)) == records, "nothing is built again"


def test_an_architecture_that_keras_does_not_have_is_named():
    with pytest.raises(InputError, match="architecture 'ResNet42' is not in Keras Applications"):
        build("classifier", architecture="ResNet42")
