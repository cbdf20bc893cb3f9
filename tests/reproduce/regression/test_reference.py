"""Runs beside a reference: bugs planted in the code, with the configuration unchanged, move numbers."""

from dataclasses import replace

import pytest

from nodes_unet import InputError, checkpoint, metrics
from nodes_unet.data.augmentation import Augmenter
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.training import BEST, _State
from reproduce import segmentation
from reproduce.datasets import SYNTHETIC
from reproduce.regression import records, reference
from reproduce.regression.reference import FILE, check, made, read
from reproduce.request import Request
from reproduce.running import run
from reproduce.segmentation import Side


def run_all(table, store, seeds=(0,)):
    return run(Request(table, table.rows, seeds, "smoke", SYNTHETIC, store))


@pytest.fixture(scope="module")
def store(tiny, tmp_path_factory):
    store = tmp_path_factory.mktemp("runs")
    run_all(tiny, store, (0, 1))
    return store


@pytest.fixture
def known(tiny, store):
    return made([tiny], store, [0, 1])


def moved(tables, store, known, seeds):
    return {number.name: number for number in check(tables, store, known, seeds) if not number.holds}


def of_rows(table, known):
    """A reference of the table's rows alone."""
    rows = {row.name: known["runs"][table.id][row.name] for row in table.rows}
    return known | {"runs": {table.id: rows}}


def test_the_same_code_gives_the_same_numbers_again_in_another_store(tiny, known, tmp_path):
    table = replace(tiny, rows=tiny.rows[1:])
    run_all(table, tmp_path)
    numbers = list(check([table], tmp_path, of_rows(table, known), [0]))
    assert {number.name for number in numbers} >= {"miou.pooled", "nfe", "inputs.mean", "val_loss.recomputed", "status"}
    assert all(number.holds for number in numbers)
    assert all(number.tolerance < 1e-4 for number in numbers if number.name.startswith("miou"))


def keep_the_last(monkeypatch):
    at_the_end = _State.on_epoch_end

    def kept(self, epoch, logs=None):
        at_the_end(self, epoch, logs)
        checkpoint.save(self.network, self.description, self.folder / BEST)

    monkeypatch.setattr(_State, "on_epoch_end", kept)


def augment_images_alone(monkeypatch):
    both = Augmenter.__call__
    monkeypatch.setattr(
        Augmenter, "__call__", lambda self, image, mask, *copy: (both(self, image, mask, *copy)[0], mask)
    )


def mix_train_and_test(monkeypatch):
    divided = segmentation.sides

    def mixed(dataset, *how):
        training, validation = divided(dataset, *how)
        return Side(dataset.splits["test"], training.items % len(dataset.splits["test"])), validation

    monkeypatch.setattr(segmentation, "sides", mixed)


def skip_clahe(monkeypatch):
    monkeypatch.setattr(Preprocessing, "equalise", lambda self, image: image)


def leave_a_class_out(monkeypatch):
    monkeypatch.setattr(metrics, "mean_iou", lambda matrix: float(metrics.iou(matrix)[1:].mean()))


def take_recall_for_precision(monkeypatch):
    monkeypatch.setattr(metrics, "precision", metrics.recall)


@pytest.mark.parametrize(
    ("plant", "name", "in_record"),
    [
        (keep_the_last, "val_loss.recomputed", "val_loss of best.h5"),
        (augment_images_alone, "miou.pooled", None),
        (mix_train_and_test, "miou.pooled", None),
        (skip_clahe, "inputs.spread", None),
        (leave_a_class_out, "miou.pooled", "miou.pooled"),
        (take_recall_for_precision, "cpa_red.precision", "cpa_red.precision"),
    ],
)
def test_a_planted_bug_moves_a_number_that_the_report_names(
    plant, name, in_record, tiny, known, store, tmp_path, monkeypatch
):
    table = replace(tiny, rows=tiny.rows[:1])
    known = of_rows(table, known)
    assert not moved([table], store, known, [0])
    plant(monkeypatch)
    (record,) = run_all(table, tmp_path)
    assert record["status"] == "complete"
    assert name in moved([table], tmp_path, known, [0])
    inconsistent = {number.name for number in records.check([table], tmp_path, committed=False) if not number.holds}
    assert in_record in inconsistent or not (in_record or inconsistent)


def test_missing_and_failed_runs_move(tiny, known, tmp_path, monkeypatch):
    (missing, *_) = check([tiny], tmp_path, known, [0])
    assert (missing.name, missing.found) == ("status", "missing") and "reproduce run ode-position" in missing.note
    one = replace(tiny, rows=tiny.rows[:1])
    monkeypatch.setattr("reproduce.task_segmentation.evaluate", lambda *_: 1 / 0)
    run_all(one, tmp_path)
    failed = moved([one], tmp_path, of_rows(one, known), [0])["status"]
    assert failed.found == "failed" and "ZeroDivisionError" in failed.note


def test_results_of_other_code_do_not_count(tiny, known, store, monkeypatch):
    monkeypatch.setattr("reproduce.running.source_digest", lambda _: "other code")
    assert moved([tiny], store, known, [0])["status"].found == "only of other code"


def test_another_seed_or_machine_has_a_coarse_band(tiny, known, store):
    known["environment"] = {"processor": "another"}
    numbers = {number.name: number for number in check([tiny], store, known, [0])}
    assert numbers["miou.pooled"].tolerance > 0.01 and "coarse" in numbers["miou.pooled"].note
    assert numbers["parameters"].tolerance < 1e-4
    assert "inputs.mean" not in numbers  # only what the table shows
    assert all(number.holds for number in numbers.values())


def test_a_row_that_the_reference_lacks_moves(tiny, known, store):
    del known["runs"]["ode-position"]["U-Net"]
    assert "--update" in moved([tiny], store, known, [0])["reference"].note


def test_a_row_that_is_no_longer_run_moves(tiny, known, store):
    dropped = moved([replace(tiny, rows=tiny.rows[1:])], store, known, [0])["status"]
    assert dropped.subject == "ode-position, U-Net" and dropped.found == "no longer run"


def test_a_reference_is_made_of_complete_runs_of_one_environment(tiny, store, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"U-Net, seed 3 is missing.*reproduce run ode-position"):
        made([tiny], store, [0, 3])
    machines = iter(range(100))
    monkeypatch.setattr(reference, "environment", lambda _: next(machines))
    with pytest.raises(InputError, match="several versions or machines"):
        made([tiny], store, [0, 1])


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"runs": [], "environment": {}}', None])
def test_a_damaged_or_missing_reference_is_one_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(InputError, match=r"smoke.json .*take it from the repository again"):
        read(tmp_path / FILE, "runs", "environment")
