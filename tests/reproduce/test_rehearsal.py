from dataclasses import replace
from types import SimpleNamespace

import pytest

from reproduce import rehearsal
from reproduce.rehearsal import _predictions, rehearse
from reproduce.request import Request
from reproduce.table import Row


@pytest.fixture
def rehearsed(tiny_table, disc_file, tmp_path):
    def rehearse_rows(rows):
        table = replace(tiny_table, rows=rows)
        return rehearse(Request(table, rows, [0], "tiny", str(disc_file), tmp_path / "runs"))

    return rehearse_rows


def test_every_row_is_measured_and_nothing_else_is_said_or_kept(rehearsed, tiny_table, tmp_path, capfd):
    assert rehearsed(tiny_table.rows)
    out, err = capfd.readouterr()
    for heading in ("s a step", "peak memory GB", "disk MB", "time of the whole"):
        assert heading in out
    assert "U-Net" in out and "ODEUNet5" in out
    assert err == "rehearsing ode-position U-Net\nrehearsing ode-position ODEUNet5\n"
    assert not list((tmp_path / "runs").glob("**/run.json"))


def test_a_row_that_does_not_work_is_told_and_hides_no_other(rehearsed, tiny_table, capfd):
    assert not rehearsed([Row("Broken", "ode_unet", {"position": 77}), tiny_table.rows[0]])
    out = capfd.readouterr().out
    assert "failed: InputError" in out and "U-Net" in out


def test_an_error_with_brackets_is_told_as_it_is(rehearsed, tiny_table, capfd, monkeypatch):
    monkeypatch.setattr(rehearsal, "measured", lambda *_: {"error": "no node [/job:worker]"})
    assert not rehearsed(tiny_table.rows[:1])
    assert "no node [/job:worker]" in capfd.readouterr().out


def test_the_images_predicted_after_training_by_hand():
    dataset = SimpleNamespace(splits={"train": range(100), "test": range(20)})
    settings = {"validation_fraction": 0.3}
    assert _predictions(dataset, settings | {"timed_images": 5, "timed_passes": 3}) == 20 + 15
    assert _predictions(dataset, settings | {"perturbations": {"blur": [1, 2], "noise": [3]}}) == 20 * 4
    assert _predictions(dataset, settings | {"threshold_images": "val"}) == 20 + 30
    assert _predictions(dataset, settings | {"threshold_images": "train"}) == 20 + 70
