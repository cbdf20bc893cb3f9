"""Files that are complete or absent."""

import json
import os
import subprocess
import sys

import pytest

from nodes_unet.errors import InputError
from nodes_unet.files import replacing, write_json, write_text


def test_the_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "out.csv"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_the_block_ends(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_who_is_reading_the_old_file_reads_it_to_its_end(tmp_path):
    path = tmp_path / "out.txt"
    write_text(path, "old")
    with path.open() as reader:
        write_text(path, "new content")
        assert reader.read() == "old"
    assert path.read_text() == "new content"


@pytest.mark.parametrize("error", [ValueError("bad"), InputError("bad"), KeyboardInterrupt("bad")], ids=repr)
@pytest.mark.parametrize("old", [None, "old"])
def test_a_failing_block_changes_nothing_and_its_error_passes(tmp_path, error, old):
    path = tmp_path / "out.txt"
    if old:
        path.write_text(old)
    before = list(tmp_path.iterdir())
    with pytest.raises(type(error), match="bad"), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == before
    assert old is None or path.read_text() == old


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("no space left on device")])
def test_an_error_of_writing_names_the_file_and_the_reason(tmp_path, error):
    words = r"out\.txt cannot be written \(no space left on device\)"
    with pytest.raises(InputError, match=words) as caught, replacing(tmp_path / "out.txt") as temporary:
        temporary.write_text("half")
        raise error
    assert caught.value.__cause__ is error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(), RuntimeError()], ids=repr)
def test_an_error_of_writing_without_words_still_names_the_file(tmp_path, error):
    with pytest.raises(InputError, match=r"out\.txt cannot be written"), replacing(tmp_path / "out.txt"):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(tmp_path):
    write_text(tmp_path / "runs" / "first" / "out.txt", "Größe in µm\n")
    assert (tmp_path / "runs" / "first" / "out.txt").read_bytes() == "Größe in µm\n".encode()


def test_a_regular_file_in_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"taken/out\.txt cannot be written \((file exists|not a directory)\)"):
        write_text(tmp_path / "taken" / "out.txt", "new")
    assert (tmp_path / "taken").read_text() == "a file"


def test_a_folder_in_place_of_the_file_is_said(tmp_path):
    (tmp_path / "out.txt").mkdir()
    with pytest.raises(InputError, match=r"out\.txt cannot be written \(is a directory\)"):
        write_text(tmp_path / "out.txt", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_umask_decides_who_may_read_the_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "out.txt", "new")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == mode


FULL = """
import resource, sys
from nodes_unet.errors import InputError
from nodes_unet.files import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text(sys.argv[1], "x" * int(sys.argv[2]))
except InputError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def write(length):
        done = subprocess.run(
            [sys.executable, "-c", FULL, path, str(length)], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    assert "out.txt cannot be written (file too large)" in write(100_000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert write(999) == ""
    assert path.read_text() == "x" * 999


def test_json_comes_back(tmp_path):
    content = {"name": "Größe", "values": [1, 0.1, None, True], "nested": {"a": []}}
    write_json(tmp_path / "out.json", content)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == content
    assert (tmp_path / "out.json").read_text().endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_no_other_program_reads_and_leaves_nothing(tmp_path, number):
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "out.json", {"loss": [1.0, number]})
    assert list(tmp_path.iterdir()) == []
    write_json(tmp_path / "out.json", {"loss": 1})
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "out.json", {"loss": number})
    assert json.loads((tmp_path / "out.json").read_text()) == {"loss": 1}
