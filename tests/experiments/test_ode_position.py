"""The table's definition, and its recipe on real blood smears where they are to be had."""

from dataclasses import replace

from experiments.ode_position import TABLE
from nodes_unet.data.folder import folder_source
from nodes_unet.data.store import Dataset, write_dataset
from reproduce.published import find
from reproduce.recipe import assumed, values
from reproduce.request import Request
from reproduce.running import run
from reproduce.training import batches


def test_rows_are_the_unet_and_nine_positions():
    assert [row.name for row in TABLE.rows] == ["U-Net", *(f"ODEUNet{k}" for k in range(1, 10))]
    assert [row.arguments.get("position") for row in TABLE.rows] == [None, *range(1, 10)]


def test_every_published_cell_is_found():
    for row in TABLE.rows:
        for metric in TABLE.metrics:
            if metric.published:
                assert find(TABLE.paper, TABLE.published, row.published or row.name, metric.published), (row, metric)


def test_the_paper_preset_changes_nothing():
    assert TABLE.settings("paper") == TABLE.recipe


def test_what_the_paper_states_is_in_the_recipe():
    stated = {name: setting.value for name, setting in TABLE.recipe.items() if setting.origin == "paper"}
    assert stated == {
        "image_size": [256, 256],
        "copies": 10,
        "validation_fraction": 0.25,
        "filters": 32,
        "tolerance": 1e-3,
        "epochs": 50,
        "loss": "categorical_cross_entropy",
        "timed_images": 20,
        "synthetic_train": 80,
        "synthetic_test": 20,
    }


def test_the_recipe_gives_the_papers_numbers_of_training_and_validation_images(tmp_path):
    from nodes_unet.data.synthetic import smear_source

    write_dataset(tmp_path / "crops.h5", smear_source(80, 1))
    settings = values(TABLE.settings("paper")) | {"validation_split": "after augmentation"}
    training, validation = batches(Dataset(tmp_path / "crops.h5"), settings, seed=0)
    assert (len(training.items), len(validation.items)) == (600, 200)


def test_smoke_on_real_smears_beats_the_commonest_class(tmp_path, labelled_images):
    path = tmp_path / "wbc_smear.h5"
    write_dataset(path, folder_source(labelled_images("wbc_smear"), TABLE.classes))
    dataset = Dataset(path)
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 55, "test": 14}
    shorter = replace(TABLE, presets={"smoke": TABLE.presets["smoke"] | {"epochs": assumed(8, "tests: a third")}})
    (record,) = run(Request(shorter, [TABLE.row("U-Net")], [0], "smoke", str(path), tmp_path / "runs"))
    commonest = max(sum((sample.mask == label).sum() for sample in dataset.splits["test"]) for label in range(3))
    pixels = sum(sample.mask.size for sample in dataset.splits["test"])
    assert record["metrics"]["pa.pooled"] > commonest / pixels + 0.1
