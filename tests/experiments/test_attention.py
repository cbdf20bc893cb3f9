"""The attention table: what is printed is found, and a tiny run leaves everything that the table shows."""

from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

from experiments.attention import TABLE
from nodes_unet import InputError
from nodes_unet.checkpoint import read_description
from nodes_unet.data.store import write_dataset
from nodes_unet.data.synthetic import neuron_source
from nodes_unet.models.encoders import scaling
from reproduce.comparison.compare import compare
from reproduce.published import find
from reproduce.recipe import assumed, values
from reproduce.records import PER_IMAGE, find_records
from reproduce.regression import records as regression
from reproduce.report import render, write_report
from reproduce.request import Request
from reproduce.running import run
from reproduce.training import batches, preprocessing

TINY = {
    name: assumed(value, "tests: seconds a network")
    for name, value in {
        "encoder": "resnet18",
        "image_size": [32, 32],
        "flops_size": [64, 64],
        "copies": 1,
        "epochs": 2,
        "timed_images": 2,
        "timed_passes": 1,
        "synthetic_train": 6,
        "synthetic_test": 3,
    }.items()
}


@pytest.fixture
def table():
    """The two rows of LinkNet, of random weights and on a smaller encoder, in seconds."""
    return replace(
        TABLE,
        rows=[TABLE.row("LinkNet with AU"), TABLE.row("LinkNet (gates off)")],
        presets={"tiny": TABLE.presets["quick"] | TINY},
    )


def moved(table, store):
    return [number.name for number in regression.check([table], store, committed=False) if not number.holds]


WATCHING = {"monitor": {"value": "test"}}


def test_every_published_cell_is_found():
    for row in TABLE.rows:
        for metric in TABLE.metrics:
            known = find(TABLE.paper, TABLE.published, row.published or row.name, metric.published or "")
            sizes_of_another_paper = row.name == "[7]" and metric.depends_on in ("size", "time")
            assert bool(known) == (metric.published is not None and not sizes_of_another_paper), (row, metric)


def test_the_row_of_another_paper_stays_unrun_and_says_why():
    assert "[7]" not in [row.name for row in TABLE.runnable("quick")]
    with pytest.raises(InputError, match="row \\[7\\], cannot be run: the network of another paper"):
        TABLE.row("[7]")


@pytest.mark.parametrize(("row", "expected"), [("LinkNet with AU", "torch"), ("U-Net without AU", "none")])
def test_images_are_scaled_as_the_encoder_was_trained(row, expected):
    settings = values(TABLE.settings("paper", TABLE.row(row)))
    assert preprocessing(settings).scaling == scaling(settings["encoder"]) == expected


def test_the_paper_watches_the_test_images_and_the_other_presets_do_not(store):
    dataset = store
    watched = batches(dataset, values(TABLE.settings("paper")), seed=0)[1]
    assert [watched.split[number].id for number, _ in watched.items] == list(dataset.splits["test"].ids)
    assert len(batches(dataset, values(TABLE.settings("paper")), seed=0)[0].items) == 4 * 6
    held_out = batches(dataset, values(TABLE.settings("quick")), seed=0)[1]
    assert held_out.split.name == "train"


@pytest.fixture
def store(tmp_path):
    from nodes_unet.data.store import Dataset

    write_dataset(tmp_path / "neurons.h5", neuron_source(6, 3))
    return Dataset(tmp_path / "neurons.h5")


def test_a_tiny_run_leaves_what_the_table_shows(table, tmp_path):
    records = run(Request(table, table.rows, [0], "tiny", "synthetic", tmp_path))
    assert [record["status"] for record in records] == ["complete", "complete"]
    gated, plain = (record["metrics"] for record in records)
    assert gated["parameters"] > plain["parameters"] > 11_000_000
    assert gated["flops"] > plain["flops"] > 200e6
    assert gated["flops.initialisers"] == pytest.approx(2 * gated["parameters"], rel=0.01)
    assert plain["stored_bytes.with_optimizer"] > 2.8 * plain["stored_bytes"] > 2.8 * 4 * plain["parameters"]
    for protocol in ("per_image", "pooled", "soft", "batch"):
        for size in ("", ".resized"):
            assert 0 <= gated[f"iou.{protocol}{size}"] <= gated[f"dice.{protocol}{size}"] <= 1
    assert gated["iou.of_labels"] < gated["dice.of_labels"] < 1
    assert (gated["epochs_run"], gated["val_loss.mean_rise"] >= 0, gated["seconds_per_epoch.training"] > 0) == (2, 1, 1)
    assert np.isfinite(gated["loss"]) and gated["best_epoch"] in (1, 2)
    described = read_description(find_records(tmp_path, table.id)[0]["folder"] / "best.h5")
    assert (described.thresholds, described.preprocessing.scaling) == ({"neuron": 0.5}, "none")
    comparison = compare(table, find_records(tmp_path, table.id))
    written = write_report(comparison, tmp_path / "out")
    assert {"curves.png", "attention.png", "segmentations.png", "per_image.png"} <= set(written)
    text = render(comparison, "text")
    assert "not comparable" in text
    assert "monitor = test" not in text
    with h5py.File(comparison.attention["LinkNet with AU"]) as file:
        image = file[next(iter(file))]
        assert {name: maps.shape for name, maps in image.items()} == {f"gate{n}": (2 << n, 2 << n) for n in range(4)}
    assert "LinkNet (gates off)" not in comparison.attention
    assert moved(table, tmp_path) == []
    path = find_records(tmp_path, table.id)[0]["folder"] / PER_IMAGE
    images = pd.read_csv(path)
    images.assign(resized_soft_both=images.resized_soft_both + 1).to_csv(path, index=False)
    of_soft = {f"{measure}.{protocol}.resized" for measure in ("iou", "dice") for protocol in ("soft", "batch")}
    assert set(moved(table, tmp_path)) == {PER_IMAGE, *of_soft}
    watching = [record | {"recipe": record["recipe"] | WATCHING} for record in find_records(tmp_path, table.id)]
    assert "chosen on the test images (monitor = test)" in render(compare(table, watching), "text")


def test_data_of_three_classes_is_refused(table, disc_file, tmp_path):
    with pytest.raises(InputError, match="background, white, red, the background and one more are needed"):
        run(Request(table, table.rows, [0], "tiny", str(disc_file), tmp_path / "runs"))
