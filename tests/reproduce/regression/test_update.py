"""A new reference: written whole or not at all, with its reason in the log."""

import json
from dataclasses import replace

import pytest

from nodes_unet import InputError
from nodes_unet.files import write_json
from reproduce.regression import checkpoints, reference
from reproduce.regression.number import Number
from reproduce.regression.update import LOG, update
from reproduce.request import SYNTHETIC, Request
from reproduce.running import run


@pytest.fixture
def quick_checkpoints(monkeypatch):
    """In place of networks and images, which are tested elsewhere: two numbers."""
    monkeypatch.setattr(checkpoints, "keep", lambda *_: None)
    numbers = [Number("checkpoints", "a network", "miou", 0.8, 0.7), Number("checkpoints", "a network", "nfe", 7, None)]
    monkeypatch.setattr(checkpoints, "check", lambda *_: iter(numbers))


def test_the_reference_is_rewritten_with_what_moved_and_why(tiny, tmp_path, quick_checkpoints):
    tiny = replace(tiny, rows=tiny.rows[:1])
    store, folder, tables = tmp_path / "runs", tmp_path / "reference", {tiny.id: tiny}
    run(Request(tiny, tiny.rows, [0, 1], "smoke", SYNTHETIC, store))
    first = update(tables, store, folder, [0, 1], "the first")
    assert {number.name for number in first} == {"reference", "miou", "nfe"}
    assert json.loads((folder / checkpoints.FILE).read_text()) == {"a network": {"miou": 0.7}}
    known = json.loads((folder / reference.FILE).read_text())
    known["runs"][tiny.id]["U-Net"]["0"]["miou.pooled"] = 0.5
    (folder / reference.FILE).write_text(json.dumps(known))
    assert {number.name for number in update(tables, store, folder, [0, 1], "a better U-Net")} == {
        "miou.pooled",
        "miou",
        "nfe",
    }
    now = reference.read(folder / reference.FILE)
    assert all(number.holds for number in reference.check([tiny], store, now, [0]))
    log = (folder / LOG).read_text()
    assert log.index("the first") < log.index("a better U-Net") < log.index("miou.pooled")
    assert "expected 0.5" in log and "Rows that were run: ode-position, U-Net." in log
    of_other_code = tmp_path / "none"
    assert {number.name for number in update(tables, of_other_code, folder, [0, 1], "networks")} == {"miou", "nfe"}
    assert reference.read(folder / reference.FILE) == now
    assert "Rows that were run: none." in (folder / LOG).read_text()


def test_what_is_no_longer_checked_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "CASES", ())
    monkeypatch.setattr(checkpoints, "draw", lambda _: None)
    monkeypatch.setattr(reference, "made", lambda *_: (reference.EMPTY, []))
    write_json(tmp_path / checkpoints.FILE, {"U-Net on walls": {"miou": 0.5}})
    write_json(tmp_path / reference.FILE, {"environment": {}, "runs": {"of old": {}}})
    assert {number.name for number in update({}, tmp_path, tmp_path, [0, 1], "clearing up")} == {"status"}
    assert reference.read(tmp_path / checkpoints.FILE) == {}
    assert not list(checkpoints.check({}, tmp_path, reference.read(tmp_path / checkpoints.FILE)))


def test_without_a_reason_or_a_run_nothing_is_written(tiny, tmp_path, quick_checkpoints):
    folder = tmp_path / "reference"
    with pytest.raises(InputError, match="needs the reason"):
        update({tiny.id: tiny}, tmp_path, folder, [0], " ")
    with pytest.raises(InputError, match="two seeds"):
        update({tiny.id: tiny}, tmp_path, folder, [0], "a reason")
    with pytest.raises(InputError, match="is missing"):
        update({tiny.id: tiny}, tmp_path, folder, [0, 1], "a reason")
    assert not folder.exists()
