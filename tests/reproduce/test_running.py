import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nodes_unet
from nodes_unet import InputError
from nodes_unet.data.store import Dataset
from nodes_unet.metrics import confusion_matrix, mean_iou
from reproduce.records import RECORD
from reproduce.request import Request
from reproduce.running import run
from reproduce.table import Row
from reproduce.training import preprocessing


def request(table, data, store, **more):
    return Request(table, table.rows, [0], "tiny", str(data), store, **more)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def folders(store):
    return {json.loads(path.read_text())["row"]: path.parent for path in store.glob(f"**/{RECORD}")}


def test_a_run_leaves_record_history_images_and_best_weights(tiny_table, disc_file, store):
    records = run(request(tiny_table, disc_file, store))
    assert [record["status"] for record in records] == ["complete", "complete"]
    for row, folder in folders(store).items():
        names = {path.name for path in folder.iterdir()}
        assert names == {"run.json", "history.csv", "per_image.csv", "predictions.h5", "best.h5", ".lock"}, row
        assert len(pd.read_csv(folder / "history.csv")) == 2
    unet, ode = records
    assert unet["metrics"]["nfe"] == 0 and unet["solver"] == {}
    assert ode["metrics"]["nfe"] >= 7
    assert ode["solver"]["stage5_ode"]["nfe_mean"] == ode["metrics"]["nfe"]
    training = ode["solver"]["stage5_ode"]["training"]
    history = pd.read_csv(folders(store)["ODEUNet5"] / "history.csv")
    for measure in ("nfe", "nfe_backward", "rejected", "failed"):
        assert training[measure] == history[f"stage5_ode_{measure}"].tolist()
    assert min(training["nfe"]) >= 7 and min(training["nfe_backward"]) >= 6 and training["failed"] == [0, 0]
    assert unet["metrics"]["seconds_2.batch1"] > 0
    assert unet["timings"]["machine"]["processor"]


def test_recorded_metrics_are_those_of_the_best_weights_on_the_test_images(tiny_table, disc_file, store):
    (record, *_) = run(request(tiny_table, disc_file, store))
    folder, test = folders(store)["U-Net"], Dataset(disc_file).splits["test"]
    model = nodes_unet.load(folder / "best.h5")
    prepared = preprocessing({name: setting["value"] for name, setting in record["recipe"].items()})
    pooled, single = np.zeros((3, 3), int), []
    for sample in test:
        predicted = np.asarray(model(prepared(sample.image)[None]))[0].argmax(-1)
        pooled += confusion_matrix(sample.mask, predicted, 3)
        single.append(mean_iou(confusion_matrix(sample.mask, predicted, 3)))
    assert record["metrics"]["miou.pooled"] == pytest.approx(mean_iou(pooled), abs=1e-12)
    assert record["metrics"]["miou.per_image"] == pytest.approx(np.mean(single), abs=1e-12)
    per_image = pd.read_csv(folder / "per_image.csv", dtype={"id": str})
    assert per_image["id"].tolist() == list(test.ids)
    np.testing.assert_allclose(per_image["miou"], single)


def test_finished_runs_are_reused(tiny_table, disc_file, store, capfd):
    before = {row: (folder / RECORD).stat().st_mtime_ns for row, folder in folders(store).items()}
    run(request(tiny_table, disc_file, store))
    assert {row: (folder / RECORD).stat().st_mtime_ns for row, folder in folders(store).items()} == before
    assert capfd.readouterr().err.count("finished before, reused") == 2


def test_a_changed_setting_is_another_run(tiny_table, disc_file, store, tmp_path):
    store = shutil.copytree(store, tmp_path / "runs")
    one = replace(tiny_table, rows=tiny_table.rows[:1])
    run(request(one, disc_file, store))
    before = set(store.glob(f"**/{RECORD}"))
    changed = replace(
        one, presets={"tiny": one.presets["tiny"] | {"dropout": replace(one.recipe["dropout"], value=0.0)}}
    )
    run(request(changed, disc_file, store))
    after = set(store.glob(f"**/{RECORD}"))
    assert before < after and len(after) == len(before) + 1


def test_an_interrupted_run_goes_on_where_it_stopped(tiny_table, disc_file, tmp_path, monkeypatch, capsys):
    one = replace(tiny_table, rows=tiny_table.rows[:1])
    monkeypatch.setattr("reproduce.tasks.segmentation.evaluate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(request(one, disc_file, tmp_path))
    (history,) = tmp_path.glob("**/history.csv")
    before = history.read_text()
    assert not list(tmp_path.glob(f"**/{RECORD}"))
    monkeypatch.undo()
    assert "seed 0: begins\n" in capsys.readouterr().err
    (record,) = run(request(one, disc_file, tmp_path))
    assert "seed 0: goes on where it stopped\n" in capsys.readouterr().err
    assert record["status"] == "complete"
    assert history.read_text() == before  # seconds included: nothing was trained again


def interrupt(*_):
    raise KeyboardInterrupt


def test_one_failing_row_does_not_stop_the_others_and_is_tried_again(exploding, disc_file, tmp_path):
    table = replace(exploding, rows=exploding.rows[:2])
    first = run(request(table, disc_file, tmp_path))
    assert [record["status"] for record in first] == ["failed", "complete"]
    assert "the loss became" in first[0]["error"]
    assert "metrics" not in first[0]
    second = run(request(table, disc_file, tmp_path))
    assert second[0]["status"] == "failed" and second[1] == first[1]


def test_an_error_that_nobody_foresaw_fails_its_row_only(tiny_table, disc_file, tmp_path, monkeypatch):
    def stumble(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("reproduce.tasks.segmentation.train_row", stumble)
    records = run(request(tiny_table, disc_file, tmp_path))
    assert [record["error"] for record in records] == ["ZeroDivisionError: division by zero"] * 2


def test_an_impossible_network_fails_before_anything_is_trained(tiny_table, disc_file, tmp_path):
    table = replace(tiny_table, rows=[Row("Typo", "unett"), tiny_table.rows[0]])
    with pytest.raises(InputError, match="unknown network 'unett'"):
        run(request(table, disc_file, tmp_path))
    assert not list(tmp_path.glob(f"**/{RECORD}"))


def test_synthetic_images_are_made_once(tiny_table, tmp_path):
    one = replace(tiny_table, rows=tiny_table.rows[:1])
    (record,) = run(request(one, "synthetic", tmp_path))
    (file,) = (tmp_path / "data").iterdir()
    made = file.stat().st_mtime_ns
    assert record["dataset"]["role"] == "synthetic"
    run(request(one, "synthetic", tmp_path))
    assert file.stat().st_mtime_ns == made


def test_tensorboard_logs_on_request(tiny_table, disc_file, tmp_path):
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    run(request(replace(tiny_table, rows=tiny_table.rows[:1]), disc_file, tmp_path, tensorboard=True))
    assert list(tmp_path.glob("**/tensorboard/train/events*"))
