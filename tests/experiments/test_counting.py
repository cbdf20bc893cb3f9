"""The counting table: what is printed is found, and a tiny run leaves everything that the table shows."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nodes_unet
from experiments.counting import NO_OVERSAMPLING, TABLE
from nodes_unet.checkpoint import read_description
from nodes_unet.data.images import read_image
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.targets import apart, classes
from nodes_unet.inference import instances, probabilities
from nodes_unet.weight_maps import weight_map
from reproduce import crop_training, rehearsal
from reproduce.comparison.compare import compare
from reproduce.crop_training import divided
from reproduce.datasets import open_dataset
from reproduce.evaluation.counting import metrics_of_labels
from reproduce.evaluation.found import Found, read_objects
from reproduce.evaluation.objects import chosen, lengths, summarised
from reproduce.figures.objects import FALSE, MATCHED, MISSED, outlined
from reproduce.published import find, published_numbers
from reproduce.recipe import assumed, values
from reproduce.records import OBJECTS, PER_IMAGE, THRESHOLDS, find_records
from reproduce.report import render, write_report
from reproduce.request import Request
from reproduce.running import run
from reproduce.tasks.counting import batches

TINY = {
    name: assumed(value, "tests: seconds a network")
    for name, value in {
        "crop_size": 64,
        "crop_cell": 64,
        "filters": 2,
        "epochs": 2,
        "synthetic_options": {"shape": [128, 160]},
        "synthetic_train": 8,
        "synthetic_test": 3,
    }.items()
}


NUCLEI_RESULTS = Path(__file__).parents[2] / "results" / "counting" / "nuclei-fluo-quick"


@pytest.fixture(scope="module")
def table():
    rows = [TABLE.row("c-ResUnet"), TABLE.row("no weight maps")]
    return replace(TABLE, rows=rows, presets={"tiny": TABLE.presets["quick"] | TINY})


@pytest.fixture(scope="module")
def finished(table, tmp_path_factory):
    """The store, its records and their folders; of so few images most have to have an artefact."""
    store = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as striped:
        striped.setattr("nodes_unet.data.fluorescence.STRIPED", 0.6)
        run(Request(table, table.rows, [0], "tiny", "synthetic", store))
    return store, find_records(store, table.id)


def copies_of_crops(of_crops):
    return np.bincount(of_crops.items[:, 0], minlength=len(of_crops.split)).tolist()


def test_every_published_cell_is_found():
    printed = {
        (metric.published, find(TABLE.paper, TABLE.published, "c-ResUnet", metric.published).value)
        for metric in TABLE.metrics
        if metric.published
    }
    known = {(number.metric, number.value) for number in published_numbers(TABLE.paper)}
    rounded = {("mae", "0.8"), ("mae", "1")}  # in the abstract and in the text, which a note on Table 1's says
    assert printed == known - rounded


def test_a_run_leaves_scores_thresholds_and_a_checkpoint_that_finds_the_same_objects(table, finished):
    store, records = finished
    assert [record["status"] for record in records] == ["complete"] * 2, [record["error"] for record in records]
    record = records[0]
    per_image, curve = (pd.read_csv(record["folder"] / name, dtype={"kind": str}) for name in (PER_IMAGE, THRESHOLDS))
    for name, value in summarised(per_image.fillna({"kind": ""})).items():
        assert record["metrics"][name] == (None if value != value else pytest.approx(value))
    described = read_description(record["folder"] / "best.h5")
    assert described.thresholds == {"cell": chosen(curve, "best F1")} == {"cell": record["metrics"]["threshold"]}
    dataset = open_dataset("synthetic", table, "tiny", store)
    model, test = nodes_unet.load(record["folder"] / "best.h5"), dataset.splits["test"]
    of = lengths(values(table.settings("tiny")), record["lengths"]["cell_radius"])
    assert record["lengths"] == {
        "cell_radius": of.cell_radius,
        "scale": of.scale,
        "match_radius": of.radius,
        **of.cleaning,
    }
    probability = probabilities(model, described.preprocessing, test[1].image)[..., 0]
    found = read_objects(record["folder"] / OBJECTS, test.ids[1])
    np.testing.assert_array_equal(found.image, test[1].image)
    np.testing.assert_array_equal(found.truth, test[1].mask)
    assert described.post_processing == of.cleaning
    np.testing.assert_array_equal(found.predicted, instances(model, described, test[1].image))
    assert np.abs(found.probability / 255 - probability).max() < 0.003


def test_labels_in_the_place_of_predictions_tell_what_post_processing_leaves(table, finished):
    """Two squares of 20x20 that touch, one too small to keep, and an image without cells."""
    mask = np.zeros((64, 96), np.uint16)
    mask[10:30, 10:30], mask[10:30, 30:50], mask[50:55, 50:55] = 1, 2, 3
    split = [Sample(name, "a", np.zeros((64, 96, 3), np.uint8), each) for name, each in (("a", mask), ("b", 0 * mask))]
    cleaning = {"watershed": False, "hole": 0, "smallest": 100}
    of_apart, of_joined = {"mae": 0.5, "recall.optimal": 2 / 3}, {"mae": 1, "pq.per_image": 0.5}
    for separate, expected in ((apart, of_apart), (classes, of_joined)):
        found = metrics_of_labels(split, cleaning, 8, separate)
        assert {name: found[f"{name}.of_labels"] for name in expected} == pytest.approx(expected)
    recorded = {name for name in finished[1][0]["metrics"] if name.endswith(".of_labels")}
    assert recorded == {name for name in found if not name.startswith("false_positives.")} | {
        "false_positives.artefact.of_labels"
    }


def test_the_report_has_the_pictures(table, finished, tmp_path):
    _, records = finished
    comparison = compare(table, records)
    assert "F1, optimal" in render(comparison, "md")
    write_report(comparison, tmp_path)
    names = "objects.png", "thresholds.png", "object_counts.png", "cancelling.png", "weight_maps.png", "artefacts.png"
    names += ("average_precision.png",)
    for name in names:
        assert (tmp_path / name).stat().st_size > 10_000, name


def test_a_report_needs_none_of_the_rows_that_it_prefers_and_no_cell(table, finished, tmp_path):
    _, records = finished
    other = dict(records[1], folder=tmp_path / "run")
    shutil.copytree(records[1]["folder"], other["folder"])
    curve = pd.read_csv(other["folder"] / THRESHOLDS).assign(f1=np.nan)
    curve.to_csv(other["folder"] / THRESHOLDS, index=False)
    write_report(compare(table, [other]), tmp_path / "out")
    drawn = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"objects.png", "thresholds.png"} <= drawn
    assert "weight_maps.png" not in drawn, "the row was trained without"


def test_training_sees_crops_with_the_weight_maps_of_their_instances(table, finished):
    store, _ = finished
    settings = values(table.settings("tiny"))
    learning, held_out = divided(open_dataset("synthetic", table, "tiny", store), settings, 0)
    assert not set(learning.groups) & set(held_out.groups)
    of = lengths(settings, 12.5)
    _, of_crops = crop_training.batches(learning, held_out, settings, of, 0)
    images, labels, weights = of_crops[0]
    assert images.shape[1:] == (64, 64, 3)
    for image, of_image, label, number in zip(images, weights, labels, range(len(images)), strict=True):
        crop = of_crops.split[number]
        np.testing.assert_allclose(image, crop.image / 255, atol=1e-6)
        np.testing.assert_array_equal(label, apart(crop.mask) > 0)
        expected = weight_map(apart(crop.mask), 12.5, cell_weight=1, background_weight=1.5, at_least=1)
        np.testing.assert_allclose(of_image, expected, rtol=1e-6)
    plain = crop_training.batches(learning, held_out, settings | {"weight_maps": False}, of, 0)[1][0]
    np.testing.assert_array_equal(plain[2], np.where(plain[1], np.float32(1), np.float32(1.5)))
    code = settings | {"weight_maps": False, "class_weights": TABLE.presets["authors-code"]["class_weights"].value}
    of_code = crop_training.batches(learning, held_out, code, of, 0)[1][0]
    np.testing.assert_array_equal(of_code[2], np.where(of_code[1], np.float32(1.5), np.float32(1)))


def test_touching_cells_are_learnt_apart_unless_the_recipe_joins_them(table, tmp_path):
    mask = np.zeros((64, 64), np.uint16)
    mask[10:30, 10:30], mask[10:30, 30:50] = 1, 2
    sample = Sample("a", "a", np.zeros((64, 64, 3), np.uint8), mask)
    splits = dict.fromkeys(("train", "test"), lambda: iter([sample]))
    source = Source("pair", ("background", "cell"), "synthetic", "by hand", "CC0", splits)
    write_dataset(tmp_path / "pair.h5", source)
    split, settings = Dataset(tmp_path / "pair.h5").splits["train"], values(table.settings("tiny"))
    for separate, expected in ((True, apart(mask)), (False, mask)):
        recipe = settings | {"separate_touching": separate}
        _, labels, weights = crop_training.batches(split, split.of([0]), recipe, lengths(settings, 10), 0)[1][0]
        np.testing.assert_array_equal(labels[0], expected > 0)
        np.testing.assert_allclose(weights[0], weight_map(expected, 10, at_least=1), rtol=1e-6)


def test_kinds_are_copied_as_the_recipe_says(table, finished):
    store, _ = finished
    settings = values(table.settings("tiny")) | {"artefact_copies": 3}
    of_crops, held_out = batches(open_dataset("synthetic", table, "tiny", store), settings, 0)
    assert copies_of_crops(of_crops) == [3 if kind == "artefact" else 1 for kind in of_crops.split.kinds]
    assert set(copies_of_crops(held_out)) == {1}


def test_copies_of_crops_are_divided_after_augmentation_where_the_recipe_says_so(table, finished):
    store, _ = finished
    settings = values(table.settings("tiny")) | {"copies": {"": 3}, "artefact_copies": 3}
    settings |= {"validation_split": "after augmentation", "validation_fraction": 0.25}
    dataset = open_dataset("synthetic", table, "tiny", store)
    learned, held_out = batches(dataset, settings, 0)
    assert len(learned.split) == len(held_out.split) == 6 * len(dataset.splits["train"])
    items = [tuple(item) for each in (learned, held_out) for item in each.items.tolist()]
    assert sorted(items) == [(crop, copy) for crop in range(len(learned.split)) for copy in range(3)]
    assert len(held_out.items) == round(0.25 * len(items))
    assert set(learned.items[:, 0]) & set(held_out.items[:, 0])


def test_a_row_spreads_the_copies_of_images_with_artefacts_over_all(table, finished):
    store, _ = finished
    dataset, settings = open_dataset("synthetic", table, "tiny", store), values(table.settings("tiny"))
    row = settings | {"artefact_copies": 4} | values(NO_OVERSAMPLING)
    oversampled, spread = (batches(dataset, each, 0)[0] for each in (settings | {"artefact_copies": 4}, row))
    assert spread.split.kinds.count("artefact") and len(spread.items) == len(oversampled.items)
    copies = copies_of_crops(spread)
    assert max(copies) - min(copies) <= 1


def test_copies_follow_kinds_and_their_number_stays_where_none_is_oversampled():
    settings = {"copies": {"": 2, "manual": 4}, "artefact_copies": 10, "oversampling": True}
    kinds = ["", "artefact", "manual", ""]
    assert crop_training.copies_by_kind(kinds, settings) == [2, 10, 4, 2]
    # 18 copies for 2 + 2 + 4 + 2 parts: up to 3.6, 7.2, 14.4 and 18 of them
    assert crop_training.copies_by_kind(kinds, settings | {"oversampling": False}) == [3, 4, 7, 4]


def test_a_rehearsal_times_crops_to_validate_on_and_whole_images_to_predict(table, finished, monkeypatch):
    store, _ = finished
    timed = []
    monkeypatch.setattr(rehearsal, "seconds_for", lambda model, images, *_: timed.append(images[0].shape) or 1.0)
    dataset = open_dataset("synthetic", table, "tiny", store)
    request = Request(table, table.rows[:1], [0], "tiny", "synthetic", store)
    estimate = rehearsal.measure(request, table.rows[0], dataset.path)
    assert timed == [(64, 64, 3), (128, 160, 3)]
    _, held_out = batches(dataset, values(table.settings("tiny")), 0)
    assert estimate["total"] > 2 * len(held_out.items) + len(dataset.splits["test"])


def test_outlines_are_of_what_was_matched_missed_and_found_for_nothing():
    truth, predicted = np.zeros((2, 40, 40), np.uint16)
    truth[2:10, 2:10], truth[2:10, 25:33] = 5, 9
    predicted[3:11, 3:11], predicted[25:33, 25:33] = 4, 2
    picture = outlined(Found(np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8), truth, predicted), 5)
    colours = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()} - {(0, 0, 0)}
    assert colours == {MATCHED, FALSE, MISSED}
    assert tuple(picture[3, 5]) == MATCHED and tuple(picture[25, 28]) == FALSE and tuple(picture[2, 28]) == MISSED


def test_the_presets_of_paper_and_code_differ_where_the_code_does():
    changed = TABLE.presets["authors-code"]
    assert all(setting.origin == "authors' code" for setting in changed.values())
    assert all(setting.value != TABLE.recipe[name].value for name, setting in changed.items())


def test_every_row_can_be_built():
    for row in TABLE.rows:
        settings = values(TABLE.settings("smoke", row))
        arguments = {**row.arguments, "input_shape": [None, None, 3], "classes": 1}
        shared = {"filters": settings["filters"]} if row.network.endswith("resunet") else {}
        model = nodes_unet.build(row.network, **arguments, **shared)
        assert model.predict_on_batch(np.zeros((1, 75, 90, 3), np.float32)).shape == (1, 75, 90, 1), row


def test_the_committed_network_counts_the_nuclei_that_its_run_counted(labelled_images):
    (best,) = NUCLEI_RESULTS.glob("*/best.h5")
    model, description = nodes_unet.load(best), read_description(best)
    counted = pd.read_csv(best.with_name(PER_IMAGE)).head(4)
    images = [read_image(labelled_images("nuclei_fluo") / "images" / f"{name}.png") for name in counted.id]
    assert [instances(model, description, image).max() for image in images] == counted.predicted.tolist()


def test_outlines_are_seen_in_pictures_of_large_images():
    truth = np.zeros((900, 1200), np.uint16)
    truth[100:300, 100:300], truth[100:300, 500:700] = 1, 2
    picture = outlined(Found(np.zeros((900, 1200, 3), np.uint8), np.zeros_like(truth, np.uint8), truth, truth), 5)
    assert picture.shape == (315, 420, 3)
    assert {tuple(colour) for colour in picture.reshape(-1, 3).tolist()} == {MATCHED, (0, 0, 0)}
    assert tuple(picture[70, 35]) == MATCHED and tuple(picture[70, 70]) == (0, 0, 0)
