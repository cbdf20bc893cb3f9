"""Records that do not fit together are found, whichever part was changed."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from nodes_unet import InputError
from nodes_unet.files import HISTORY, write_json
from reproduce import cli
from reproduce.records import COUNTS, PER_IMAGE, RECORD
from reproduce.regression.records import check
from reproduce.request import Request
from reproduce.running import run


@pytest.fixture(scope="module")
def small(tiny):
    return replace(tiny, rows=[tiny.row("ODEUNet5")])


@pytest.fixture(scope="module")
def finished(small, disc_file, tmp_path_factory):
    store = tmp_path_factory.mktemp("runs")
    run(Request(small, small.rows, [0], "smoke", str(disc_file), store))
    return store


@pytest.fixture
def store(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "runs")


def moved(table, store, **how):
    return {number.name: number for number in check([table], store, **{"committed": False, **how}) if not number.holds}


def edited(store, change):
    (path,) = store.glob(f"**/{RECORD}")
    record = json.loads(path.read_text())
    change(record)
    write_json(path, record)


def test_a_record_as_it_was_written_holds_and_tells_what_was_checked(small, store):
    numbers = list(check([small], store, committed=False))
    assert all(number.holds for number in numbers)
    assert {"miou.pooled", "cpa_red.precision", "val_loss of best.h5", "nfe of all blocks", "best.h5"} <= {
        number.name for number in numbers
    }


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda record: record["metrics"].update({"miou.pooled": 0.9}), "miou.pooled"),
        (lambda record: record["metrics"].update({"cpa_red.recall": 0.9}), "cpa_red.recall"),
        (lambda record: record["metrics"].update({"iou_white.per_image": 0.9}), "iou_white.per_image"),
        (lambda record: record["metrics"].update({"nfe": 8.0}), "nfe of all blocks"),
        (lambda record: record["metrics"].update({"val_loss.recomputed": 0.1}), "val_loss of best.h5"),
        (lambda record: record["solver"]["stage5_ode"].update({"nfe_max": 1}), "stage5_ode: least, mean and most nfe"),
        (lambda record: record.pop("recipe"), "missing parts"),
    ],
)
def test_a_number_that_was_typed_into_a_record_moves(small, store, change, name):
    edited(store, change)
    assert name in moved(small, store)


@pytest.mark.parametrize(
    ("take_away", "name"),
    [
        (lambda record: record.pop("files"), "missing parts"),
        (lambda record: record["metrics"].pop("val_loss.recomputed"), "val_loss of best.h5"),
    ],
)
def test_only_records_of_the_first_schema_may_lack_what_came_later(small, store, take_away, name):
    edited(store, take_away)
    assert name in moved(small, store)
    edited(store, lambda record: record.update({"schema": 1}))
    assert not moved(small, store)


def test_images_without_their_confusion_matrices_move_the_pooled_metrics(small, store):
    (path,) = store.glob(f"**/{PER_IMAGE}")
    pd.read_csv(path).filter(regex="^(?!pixels)").to_csv(path)
    assert {"pa.pooled", "miou.pooled", "cpa_red.recall"} <= moved(small, store).keys()


@pytest.mark.parametrize("name", [PER_IMAGE, HISTORY])
def test_a_file_that_was_changed_or_lost_moves(small, store, name):
    (path,) = store.glob(f"**/{name}")
    path.write_text(path.read_text() + " ")
    assert name in moved(small, store)
    pd.DataFrame({"val_loss": [1.0], "pa": [1.0]}).to_csv(path)
    assert name in moved(small, store)


def test_errors_of_counts_are_those_of_the_lines_and_a_lost_file_is_missed(small, store):
    (path,) = store.glob(f"**/{RECORD}")
    lines = {"id": ["a", "b"], "class": "red", "truth": [3, 5], "head": [4, 5], "components": [3, 5]}
    others = {"watershed": [3, 5], "training_mean": [4, 4]}
    pd.DataFrame(lines | others).to_csv(path.with_name(COUNTS), index=False)
    errors = {"head": 0.5, "components": 0.0, "watershed": 0.0, "training_mean": 1.0}
    counted = {f"mae_red.{method}": error for method, error in errors.items()}
    edited(store, lambda record: record["metrics"].update(counted))
    edited(store, lambda record: record.update({"counting": {"head": {"red": {"penalty": 1.0}}}}))
    assert not moved(small, store)
    edited(store, lambda record: record["metrics"].update({"mae_red.head": 0.5 + 1e-7}))
    assert not moved(small, store)
    edited(store, lambda record: record["metrics"].update({"mae_red.head": 0.5 + 1e-5}))
    assert moved(small, store)["mae_red.head"].expected == 0.5
    path.with_name(COUNTS).unlink()
    assert moved(small, store)[COUNTS].found is None


def test_runs_that_were_given_other_inputs_by_the_same_preprocessing_move(small, store):
    (path,) = store.glob(f"**/{RECORD}")
    other = shutil.copytree(path.parent, path.parent.with_name("another"))
    assert not moved(small, store)
    record = json.loads((other / RECORD).read_text())
    record["inputs"]["spread"] += 0.01
    write_json(other / RECORD, record)
    assert set(moved(small, store)) == {"inputs.spread"}


@pytest.mark.parametrize("schema", [1, 2])
@pytest.mark.parametrize("name", [PER_IMAGE, HISTORY])
def test_a_lost_file_is_missed(small, store, name, schema):
    (path,) = store.glob(f"**/{name}")
    path.unlink()
    edited(store, lambda record: record.update({"schema": schema}))
    assert moved(small, store)[name].found is None


def test_a_file_that_is_no_table_is_one_sentence(small, store):
    (path,) = store.glob(f"**/{PER_IMAGE}")
    path.write_text("")
    with pytest.raises(InputError, match=r"per_image.csv is no table"):
        moved(small, store)


def test_committed_records_come_from_a_clean_ancestor_and_have_their_tables(small, store):
    edited(store, lambda record: record["git"].update({"dirty": True, "revision": "0" * 40}))
    found = moved(small, store, committed=True)
    assert found["uncommitted changes"].found == "some"
    assert found[f"commit {'0' * 12}"].found == "other"
    texts = {number.subject: number for number in check([small], store, committed=True) if number.name == "content"}
    assert any("reproduce compare" in number.note for name, number in texts.items() if name.endswith("table.md"))
    assert "reproduce audit" in texts[str(store / "audit.md")].note


def test_a_committed_table_whose_images_are_lost_moves_and_hides_nothing(small, store):
    paired = replace(small, pairs=[("ODEUNet5", "U-Net")], per_image={"miou": "MIoU"})
    (path,) = store.glob(f"**/{PER_IMAGE}")
    path.unlink()
    found = [number for number in check([paired], store, committed=True) if not number.holds]
    assert any(number.name == PER_IMAGE and number.found is None for number in found)
    assert any(number.found == "unknown" and "per_image.csv cannot be read" in number.note for number in found)
    edited(store, lambda record: record.pop("recipe"))
    assert "recipe" in moved(paired, store, committed=True)["missing parts"].found


def test_the_command_tells_what_moved_on_paper_and_to_machines(small, store, tmp_path, capfd):
    def checked(*options):
        with pytest.raises(SystemExit) as ended:
            cli.main(
                ["check", "--layer", "records", "--out", str(store), "--results", str(tmp_path / "none"), *options]
            )
        return ended.value.code, *capfd.readouterr()

    code, out, err = checked()
    assert (code, out.count("[moved]")) == (0, 0) and out.count("[holds]") > 20 and "none does not exist" in err
    edited(store, lambda record: record["metrics"].update({"miou.pooled": 0.9}))
    code, out, err = checked("--json", "--junit", str(tmp_path / "check.xml"))
    (line,) = [number for number in json.loads(out)["numbers"] if not number["holds"]]
    assert code == 1 and line["name"] == "miou.pooled" and line["found"] == 0.9
    assert "moved: " in err and "miou.pooled" in (tmp_path / "check.xml").read_text()
