"""Runs beside a reference: bugs planted in the code, with the configuration unchanged, move numbers."""

from dataclasses import replace

import pytest

from nodes_unet import InputError
from reproduce.records import find_records
from reproduce.regression import records, reference
from reproduce.regression.reference import EMPTY, FILE, check, made, read
from reproduce.request import SYNTHETIC, Request
from reproduce.running import run


def run_all(table, store, seeds=(0,)):
    return run(Request(table, table.rows, seeds, "smoke", SYNTHETIC, store))


@pytest.fixture(scope="module")
def table(tiny):
    return replace(tiny, rows=tiny.rows[:1])


@pytest.fixture(scope="module")
def store(table, tmp_path_factory):
    store = tmp_path_factory.mktemp("runs")
    run_all(table, store, (0, 1))
    return store


@pytest.fixture
def known(table, store):
    return made([table], store, [0, 1], EMPTY)[0]


def moved(tables, store, known, seeds):
    return {number.name: number for number in check(tables, store, known, seeds) if not number.holds}


def test_the_same_code_gives_the_same_numbers_again_in_another_store(table, known, tmp_path):
    run_all(table, tmp_path)
    numbers = list(check([table], tmp_path, known, [0]))
    assert {number.name for number in numbers} >= {"miou.pooled", "nfe", "inputs.mean", "val_loss.recomputed", "status"}
    assert all(number.holds for number in numbers)
    assert all(number.tolerance < 1e-4 for number in numbers if number.name.startswith("miou"))


@pytest.mark.parametrize(
    ("bug", "name", "in_record"),
    [
        ("the last epoch kept in place of the best", "val_loss.recomputed", "val_loss of best.h5"),
        ("images augmented and masks not", "miou.pooled", None),
        ("train and test mixed", "miou.pooled", None),
        ("CLAHE skipped", "inputs.spread", None),
        ("a class left out of the mean", "miou.pooled", "miou.pooled"),
        ("recall for precision", "cpa_red.precision", "cpa_red.precision"),
    ],
)
def test_a_planted_bug_moves_a_number_that_the_report_names(bug, name, in_record, table, known, store, tmp_path, plant):
    assert not moved([table], store, known, [0])
    plant(bug)
    (record,) = run_all(table, tmp_path)
    assert record["status"] == "complete"
    assert name in moved([table], tmp_path, known, [0])
    inconsistent = {number.name for number in records.check([table], tmp_path, committed=False) if not number.holds}
    assert in_record in inconsistent or not (in_record or inconsistent)


def test_missing_and_failed_runs_move(table, known, tmp_path, monkeypatch):
    (missing, *_) = check([table], tmp_path, known, [0])
    assert (missing.name, missing.found) == ("status", "missing") and "reproduce run ode-position" in missing.note
    monkeypatch.setattr("reproduce.tasks.segmentation.evaluate", lambda *_: 1 / 0)
    run_all(table, tmp_path)
    failed = moved([table], tmp_path, known, [0])["status"]
    assert failed.found == "failed" and "ZeroDivisionError" in failed.note


def test_results_of_other_code_do_not_count(table, known, store, monkeypatch):
    monkeypatch.setattr("reproduce.running.source_digest", lambda _: "other code")
    assert moved([table], store, known, [0])["status"].found == "only of other code"


def test_another_seed_or_machine_has_a_coarse_band(table, known, store):
    known["environment"] = {"processor": "another"}
    numbers = {number.name: number for number in check([table], store, known, [0])}
    assert numbers["miou.pooled"].tolerance > 0.01 and "coarse" in numbers["miou.pooled"].note
    assert numbers["parameters"].tolerance < 1e-4
    assert "inputs.mean" not in numbers  # only what the table shows
    assert all(number.holds for number in numbers.values())


def test_a_band_that_no_share_can_leave_says_so(table, known, store):
    known["environment"] = {"processor": "another"}
    for of_row in known["runs"][table.id].values():
        of_row["0"]["miou.pooled"], of_row["1"]["miou.pooled"] = 0.3, 0.7
        of_row["0"]["parameters"] = of_row["1"]["parameters"]
    notes = {number.name: number.note for number in check([table], store, known, [0])}
    assert notes["miou.pooled"].endswith(", which no number from 0 to 1 can leave")
    assert notes["parameters"].endswith("a coarse band")


def test_a_number_without_spread_has_to_be_the_same_but_for_the_step_of_what_is_chosen(table, known, store):
    known["environment"] = {"processor": "another"}
    measured = next(run["metrics"]["miou.pooled"] for run in find_records(store, table.id) if run["seed"] == 0)
    for of_seed in (of_seed for of_row in known["runs"][table.id].values() for of_seed in of_row.values()):
        of_seed["miou.pooled"] = measured + 0.15
    for step, holds in ((0, False), (0.1, False), (0.2, True)):
        metrics = [replace(m, step=step) if m.name == "miou.pooled" else m for m in table.metrics]
        numbers = check([replace(table, metrics=metrics)], store, known, [0])
        assert next(number for number in numbers if number.name == "miou.pooled").holds is holds


def test_a_row_that_the_reference_lacks_moves(table, known, store):
    del known["runs"]["ode-position"]["U-Net"]
    assert "--update" in moved([table], store, known, [0])["reference"].note


def test_a_row_that_is_no_longer_run_moves(table, tiny, known, store):
    numbers = check([replace(table, rows=tiny.rows[1:])], store, known, [0])
    assert {"no longer run"} == {number.found for number in numbers if number.subject == "ode-position, U-Net"}


def test_a_table_that_is_no_longer_there_moves(table, known, store):
    known["runs"]["another"] = {"U-Net": {"0": {"miou.pooled": 0.5}}}
    (gone,) = [number for number in check([table], store, known, [0]) if not number.holds]
    assert (gone.subject, gone.found) == ("another", "no longer run")


def test_a_reference_is_made_of_complete_runs_of_one_environment(table, store, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"U-Net, seed 3 is missing.*reproduce run ode-position"):
        made([table], store, [0, 3], EMPTY)
    machines = iter(range(100))
    monkeypatch.setattr(reference, "environment", lambda _: next(machines))
    with pytest.raises(InputError, match="several versions or machines"):
        made([table], store, [0, 1], EMPTY)


def test_rows_that_were_not_run_stay_as_they_were(table, tiny, store, known):
    known["runs"][table.id]["ODEUNet5"] = {"0": {"miou.pooled": 0.5}}
    known["runs"][table.id]["U-Net"] = {"0": {"miou.pooled": 0.5}}
    reference, renewed = made([tiny], store, [0, 1], known)
    assert renewed == ["ode-position, U-Net"]
    assert reference["runs"][table.id]["ODEUNet5"] == {"0": {"miou.pooled": 0.5}}
    assert len(reference["runs"][table.id]["U-Net"]["1"]) > 10
    with pytest.raises(InputError, match="U-Net, seed 3 is missing"):
        made([tiny], store, [0, 3], known)
    with pytest.raises(InputError, match="several versions or machines"):
        made([tiny], store, [0, 1], known | {"environment": {"processor": "another"}})


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"runs": [], "environment": {}}', None])
def test_a_damaged_or_missing_reference_is_one_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(InputError, match=r"smoke.json .*take it from the repository again"):
        read(tmp_path / FILE, "runs", "environment")
