"""The layout of the Sartorius competition: runs, instances, and everything that can be wrong with them."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from nodes_unet.data import sartorius
from nodes_unet.data.runs import decode_runs
from nodes_unet.data.sartorius import sartorius_source
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.errors import InputError

HEADER = "id,annotation,width,height,cell_type"


def encoded(region):
    """Runs of a region, by the definition."""
    flat = np.concatenate([[0], region.ravel(), [0]]).astype(int)
    changes = np.flatnonzero(np.diff(flat))
    return " ".join(f"{start + 1} {end - start}" for start, end in zip(changes[::2], changes[1::2], strict=True))


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any))
def test_runs_come_back_as_the_region_that_they_describe(region):
    np.testing.assert_array_equal(decode_runs(encoded(region), region.shape, "here"), region)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "positive whole numbers"),
        ("1 a", "positive whole numbers"),
        ("0 2", "positive whole numbers"),
        ("1 99999999999999999999", "positive whole numbers"),
        ("900000000000000000 900000000000000000", "ends at pixel 1799999999999999999"),
        ("1 2 3", "3 numbers are no pairs"),
        ("5 2 1 2", "run 2 does not begin after the one before"),
        ("1 3 3 1", "run 2 does not begin after the one before"),
        ("11 3", "ends at pixel 13 of an image of 12 pixels"),
    ],
)
def test_damaged_runs_are_named(text, words):
    with pytest.raises(InputError, match=f"here: .*{words}"):
        decode_runs(text, (3, 4), "here")


@pytest.fixture
def folder(tmp_path):
    """Five images of 6x4 pixels with two cells each."""
    place = tmp_path / "sartorius"
    (place / "train").mkdir(parents=True)
    for name in "abcde":
        pixels = np.random.default_rng(ord(name)).integers(0, 256, (4, 6), np.uint8)
        Image.fromarray(pixels).save(place / "train" / f"{name}.png")
    write(place, *(line for name in "abcde" for line in (f"{name},1 2 7 2,6,4,astro", f"{name},24 1,6,4,astro")))
    return place


def write(folder, *lines, header=HEADER):
    (folder / "train.csv").write_text("\n".join((header, *lines, "")), encoding="utf-8")


@pytest.mark.parametrize(("images", "size", "role"), [(5, (4, 6), "paper"), (5, (4, 7), "proxy"), (6, (4, 6), "proxy")])
def test_the_papers_data_is_told_by_number_and_size(folder, monkeypatch, images, size, role):
    monkeypatch.setattr(sartorius, "PAPERS_IMAGES", images)
    monkeypatch.setattr(sartorius, "SIZE", size)
    assert sartorius_source(folder).role == role


def test_instances_are_numbered_in_the_order_of_the_file(folder, tmp_path):
    write_dataset(tmp_path / "s.h5", sartorius_source(folder))
    dataset = Dataset(tmp_path / "s.h5")
    assert (dataset.role, dataset.classes) == ("proxy", ("background", "cell"))
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 4, "test": 1}
    ids = {name: set(split.ids) for name, split in dataset.splits.items()}
    assert ids["train"] | ids["test"] == set("abcde")
    expected = [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [0] * 6, [0, 0, 0, 0, 0, 2]]
    for sample in dataset.splits["train"]:
        assert sample.mask.tolist() == expected and sample.mask.dtype == np.uint16
        assert sample.counts == (2,)


@pytest.fixture
def refuse(refuse_source):
    """A function that asserts that a folder is refused, at once or while it is stored, in a sentence with the words."""
    return partial(refuse_source, sartorius_source)


def test_overlapping_instances_are_named_with_both_lines(folder, refuse):
    write(folder, *(f"{name},1 2,6,4,x" for name in "abcde"), "c,2 2,6,4,x")
    refuse(folder, "train.csv, line 7, c", "overlaps that of line 4")


def test_where_the_first_line_keeps_the_pixels_instances_may_overlap(folder, tmp_path):
    write(folder, *(line for name in "abcde" for line in (f"{name},1 2,6,4,x", f"{name},2 2,6,4,x")))
    write_dataset(tmp_path / "s.h5", sartorius_source(folder, first_keeps=True))
    dataset = Dataset(tmp_path / "s.h5")
    assert dataset.splits["train"].mask(0)[0].tolist() == [1, 1, 2, 0, 0, 0]
    assert "keeps the pixel" in dataset.rules["overlap"]
    assert dataset.rules["instances that lost pixels to earlier ones"] == "5"


def test_what_is_left_out_is_counted(folder, tmp_path):
    write(folder, *(line for name in "abcd" for line in (f"{name},1 3,6,4,x", f"{name},2 2,6,4,x")))
    write_dataset(tmp_path / "s.h5", sartorius_source(folder, first_keeps=True))
    rules = Dataset(tmp_path / "s.h5").rules
    assert rules["instances of which no pixel is left"] == "4"
    assert rules["images without a line in train.csv"] == "1"


def test_only_the_competitions_images_are_said_to_be_from_there(folder, monkeypatch):
    own = sartorius_source(folder, name="mine", origin="our microscope", licence="CC0-1.0")
    assert (own.name, own.origin, own.licence) == ("mine", "our microscope", "CC0-1.0")
    assert sartorius_source(folder).name == "sartorius" and sartorius_source(folder).origin == "not stated"
    monkeypatch.setattr(sartorius, "PAPERS_IMAGES", 5)
    monkeypatch.setattr(sartorius, "SIZE", (4, 6))
    assert sartorius_source(folder).origin.startswith("Kaggle")


def test_images_of_one_sample_are_a_group(folder):
    samples = {"a": "E1", "b": "E1", "c": "E2", "d": "E3", "e": "E3"}
    lines = (f"{name},1 2,6,4,astro,{sample}" for name, sample in samples.items())
    write(folder, *lines, header=f"{HEADER},sample_id")
    source = sartorius_source(folder)
    assert {each.id: each.group for split in source.splits.values() for each in split()} == samples


def test_blank_lines_are_passed_over_and_counted(folder, refuse):
    write(folder, "a,1 2,6,4,x", "", "b,1 2,6,4,x", "c,1 2,6,4,x", "d,1 2,6,4,x", "e,30 1,6,4,x")
    refuse(folder, "train.csv, line 7, e")


def test_an_id_that_leads_out_of_the_folder_is_refused(folder, refuse):
    (folder / "a.png").write_bytes((folder / "train" / "a.png").read_bytes())
    write(folder, "a,1 2,6,4,x", "../a,1 2,6,4,x")
    refuse(folder, "train.csv, line 3", "../a is no name of an image")


def test_an_id_without_an_image_is_named_with_its_line(folder, refuse):
    write(folder, "a,1 2,6,4,x", "zz,1 2,6,4,x")
    refuse(folder, "train.csv, line 3", "zz has no image")


def test_a_size_that_is_not_the_images_is_named(folder, refuse):
    write(folder, *(f"{name},1 2,6,5,x" for name in "abcde"))
    refuse(folder, "train.csv, line", "6 x 5 pixels, but the image has 6 x 4")


def test_runs_past_the_image_are_named_with_line_and_id(folder, refuse):
    write(folder, *(f"{name},1 2,6,4,x" for name in "abcd"), "e,24 2,6,4,x")
    refuse(folder, "train.csv, line 6, e", "ends at pixel 25")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("b,1 2,6", "line 3, b: there is no height, see whether the line was cut off"),
        ("b,1 2,6,4,x,", "is not a CSV file .*Expected 5 fields in line 3, saw 6"),
    ],
)
def test_a_line_with_values_too_few_or_too_many_is_named(folder, refuse, line, words):
    write(folder, "a,1 2,6,4,x", line)
    with pytest.raises(InputError, match=f"train.csv.*{words}") as refused:
        sartorius_source(folder)
    assert "\n" not in str(refused.value)


def test_lines_that_all_end_in_a_comma_do_not_move_into_other_columns(folder, refuse):
    write(folder, *(f"{name},1 2,6,4,x," for name in "abcde"))
    refuse(folder, "train.csv, line 2: there are more values than columns")


@pytest.mark.parametrize("header", ["id,annotation,width", "image,annotation,width,height"])
def test_a_missing_column_is_named(folder, header, refuse):
    write(folder, "a,1 2,6,4", header=header)
    refuse(folder, f"has the columns {header.replace(',', ', ')}: it needs id, annotation, width, height")


def test_a_missing_file_is_named(folder, refuse):
    (folder / "train.csv").unlink()
    refuse(folder, "train.csv does not exist")
