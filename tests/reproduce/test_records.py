import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nodes_unet import InputError
from reproduce.recipe import assumed
from reproduce.records import (
    DatasetLabel,
    RunIdentity,
    find_records,
    git_state,
    locked,
    read_csv,
    read_record,
    slug,
    write_record,
)

IDENTITY = RunIdentity(
    table="ode-position",
    row="U-Net",
    network="unet",
    arguments={"filters": 4},
    dataset=DatasetLabel("wbc smear", "proxy", "abc", ("a", "b")),
    preset="smoke",
    seed=0,
    recipe={"epochs": assumed(2, "why")},
    source="123",
)


@pytest.mark.parametrize(
    "change",
    [
        {"row": "ODEUNet1"},
        {"arguments": {"filters": 8}},
        {"dataset": DatasetLabel("wbc smear", "proxy", "abd", ("a", "b"))},
        {"seed": 1},
        {"recipe": {"epochs": assumed(3, "why")}},
        {"source": "124"},
    ],
)
def test_the_key_changes_with_everything_that_a_result_depends_on(change):
    assert replace(IDENTITY, **change).key != IDENTITY.key


@pytest.mark.parametrize("change", [{"preset": "other"}, {"recipe": {"epochs": assumed(2, "another reason")}}])
def test_the_key_does_not_change_with_words(change):
    assert replace(IDENTITY, **change).key == IDENTITY.key


def test_a_record_comes_back_with_recipe_versions_and_revision(tmp_path):
    folder = IDENTITY.folder(tmp_path)
    write_record(folder, IDENTITY, status="complete", ended="2026-01-01", metrics={"nfe": None})
    record = read_record(folder)
    assert record["recipe"]["epochs"] == {"value": 2, "origin": "assumed", "note": "why"}
    assert record["versions"]["keras"] and set(record["git"]) == {"revision", "dirty"}
    assert find_records(tmp_path, "ode-position") == [record | {"folder": folder}]
    assert find_records(tmp_path, "counting") == []


def test_a_folder_without_a_record_is_an_unfinished_run(tmp_path):
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99}', '{"a": 1}'])
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=r"run\.json"):
        read_record(tmp_path)


def test_infinity_never_reaches_a_record(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_record(tmp_path, IDENTITY, status="complete", metrics={"x": float("inf")})
    assert list(tmp_path.iterdir()) == []


def test_folder_names_are_plain(tmp_path):
    assert slug("../U-Net (a)/ODE") == "u-net-a-ode"
    assert IDENTITY.folder(tmp_path).parent == tmp_path / "ode-position" / "wbc-smear-smoke"


def test_a_run_is_worked_on_by_one_process_and_a_killed_one_lets_go(tmp_path):
    script = f"""
import pathlib, time
from reproduce.records import locked
with locked(pathlib.Path({str(tmp_path)!r})):
    print("locked", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(InputError, match="in use by another process"), locked(tmp_path):
            pass
        other.kill()
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()


def test_a_store_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), locked(tmp_path / "file" / "run"):
        pass


def test_revision_is_the_checkouts():
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    expected = subprocess.run(command, capture_output=True, text=True, check=False)
    assert git_state()["revision"] == (expected.stdout.strip() or None)


def test_without_git_a_run_is_recorded_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state() == {"revision": None, "dirty": None}


@pytest.mark.parametrize(("content", "message"), [(None, "cannot be read"), ("", "is no table")])
def test_a_table_that_is_lost_or_damaged_is_one_sentence(tmp_path, content, message):
    if content is not None:
        (tmp_path / "per_image.csv").write_text(content)
    with pytest.raises(InputError, match=f"per_image.csv {message} .*restore it"):
        read_csv(tmp_path / "per_image.csv")
