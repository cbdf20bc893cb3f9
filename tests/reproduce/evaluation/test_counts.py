"""Counting in a run: on data that knows the counts, and not on others."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nodes_unet
from experiments.three_networks import RECIPE
from nodes_unet.counting import basin_areas, component_areas
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import smear_source
from reproduce.evaluation.count_errors import METHODS, mean_absolute_errors
from reproduce.evaluation.predictions import read_prediction
from reproduce.records import PREDICTIONS, RECORD
from reproduce.request import Request
from reproduce.running import run

AREAS = {"components": component_areas, "watershed": basin_areas}


@pytest.fixture
def counting_table(tiny_table):
    settings = {name: RECIPE[name] for name in ("count_penalties", "count_min_area", "count_min_distance")}
    return replace(tiny_table, rows=tiny_table.rows[:1], recipe=dict(tiny_table.recipe) | settings)


def test_a_run_on_data_with_counts_leaves_them_and_a_checkpoint_that_counts(counting_table, tmp_path):
    write_dataset(tmp_path / "smears.h5", smear_source(13, 3))
    request = Request(counting_table, counting_table.rows, [0], "tiny", str(tmp_path / "smears.h5"), tmp_path / "runs")
    (record,) = run(request)
    assert record["status"] == "complete", record["error"]
    folder = next((tmp_path / "runs").glob(f"**/{RECORD}")).parent
    dataset = Dataset(tmp_path / "smears.h5")
    counts, train, test = pd.read_csv(folder / "counts.csv"), dataset.splits["train"], dataset.splits["test"]
    predictions = [read_prediction(folder / PREDICTIONS, name).prediction for name in test.ids]
    assert counts.columns.tolist() == ["id", "class", "truth", *METHODS]
    for label, name in enumerate(("white", "red")):
        of_class = counts[counts["class"] == name]
        assert of_class["id"].tolist() == list(test.ids)
        assert of_class.truth.tolist() == test.counts[:, label].tolist()
        assert (of_class.training_mean == train.counts[:, label].mean()).all()
        chosen = {method: dict(record["counting"][method][name]) for method in AREAS}
        assert set(chosen["watershed"]) == {"min_area", "min_distance"}
        for line, predicted in zip(of_class.itertuples(), predictions, strict=True):
            for method, areas_of in AREAS.items():
                options = {option: value for option, value in chosen[method].items() if option != "min_area"}
                areas = areas_of(predicted == label + 1, **options)
                assert getattr(line, method) == (areas >= chosen[method]["min_area"]).sum()
        assert record["counting"]["head"][name]["penalty"] in RECIPE["count_penalties"].value
    head = nodes_unet.load(folder / "counts.h5")
    prepared = nodes_unet.read_description(folder / "counts.h5").preprocessing(test[0].image)
    np.testing.assert_allclose(head.predict_on_batch(prepared[None])[0], counts["head"][[0, 3]], rtol=1e-5)
    white = counts[counts["class"] == "white"]
    assert record["metrics"]["mae_white.head"] == pytest.approx((white["head"] - white.truth).abs().mean(), rel=1e-6)
    assert {f"mae_{name}.{method}" for name in ("white", "red") for method in METHODS} <= record["metrics"].keys()
    assert json.loads((folder / RECORD).read_text())["counting"] == record["counting"]


def test_a_run_on_other_data_does_not_count(counting_table, disc_file, tmp_path):
    (record,) = run(Request(counting_table, counting_table.rows, [0], "tiny", str(disc_file), tmp_path))
    assert record["status"] == "complete" and record["counting"] == {}
    assert not list(tmp_path.glob("**/counts*"))


def test_errors_worked_by_hand():
    counts = pd.DataFrame({"class": ["red", "red"], "truth": [5, 7], "head": [4.0, 9.0]})
    errors = mean_absolute_errors(counts.assign(components=5, watershed=7, training_mean=6.5), ["class"])
    assert errors.loc["red"].tolist() == [1.5, 1, 1, 1]
