"""COCO polygons: against a drawing by hand and LIVECell's own masks, and everything that can be wrong with them."""

import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from nodes_unet.data.coco import coco_source
from nodes_unet.data.store import Dataset, write_dataset


def square(number, image, x, y, side=3, **changes):
    corners = [x, y, x + side, y, x + side, y + side, x, y + side]
    return {"id": number, "image_id": image, "category_id": 1, "segmentation": [corners], **changes}


@pytest.fixture
def folder(tmp_path):
    """Two images of 12x8 pixels, one a split, the first with two squares that overlap."""
    place = tmp_path / "cells"
    (place / "images").mkdir(parents=True)
    (place / "annotations").mkdir()
    for number, name in enumerate(("one", "two")):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 12), np.uint8)
        Image.fromarray(pixels).save(place / "images" / f"{name}.png")
    write(place, "train", [{"id": 5, "file_name": "one.tif"}], [square(9, 5, 3, 2), square(4, 5, 1, 1)])
    write(place, "test", [{"id": 6, "file_name": "two.tif"}], [square(1, 6, 8, 4, side=4)])
    return place


def write(folder, split, images, annotations):
    content = json.dumps({"images": images, "annotations": annotations})
    (folder / "annotations" / f"cells_{split}.json").write_text(content, encoding="utf-8")


@pytest.fixture
def refuse(refuse_source):
    """A function that asserts that a folder is refused, at once or while it is stored, in a sentence with the words."""
    return partial(refuse_source, coco_source)


def test_polygons_become_instances_of_which_the_first_keeps_the_pixel(folder, tmp_path):
    write_dataset(tmp_path / "c.h5", coco_source(folder, name="drawn"))
    dataset = Dataset(tmp_path / "c.h5")
    assert (dataset.name, dataset.role, dataset.classes) == ("drawn", "proxy", ("background", "cell"))
    (sample,) = dataset.splits["train"]
    expected = np.zeros((8, 12), np.uint16)
    expected[2:5, 3:6] = 2
    expected[1:4, 1:4] = 1  # annotation 4 comes before 9
    np.testing.assert_array_equal(sample.mask, expected)
    assert (sample.id, sample.counts) == ("one", (2,))
    assert dataset.rules["instances that lost pixels to earlier ones"] == "1"


def test_what_is_left_out_is_counted(folder, tmp_path):
    write(folder, "train", [{"id": 5, "file_name": "one.tif"}], [square(9, 5, 1, 1), square(4, 5, 1, 1)])
    (folder / "images" / "three.png").write_bytes((folder / "images" / "one.png").read_bytes())
    write_dataset(tmp_path / "c.h5", coco_source(folder))
    dataset = Dataset(tmp_path / "c.h5")
    assert dataset.splits["train"].counts.tolist() == [[1]]
    assert dataset.rules["instances of which no pixel is left"] == "1"
    assert dataset.rules["images that no annotation file names"] == "1"


def test_livecell_masks_are_those_that_come_with_it(labelled_images):
    livecell = labelled_images("livecell_sample")
    document = coco_source(livecell)
    for sample in document.splits["val"]():
        with Image.open(livecell / "masks" / f"{sample.id}.png") as image:
            theirs = np.asarray(image)
        assert np.mean((sample.mask > 0) == (theirs > 0)) > 0.97  # which are drawn with the pixels on the outline
        assert sample.counts[0] == np.unique(theirs[theirs > 0]).size


def test_an_annotation_of_an_unknown_image_is_named(folder, refuse):
    write(folder, "test", [{"id": 6, "file_name": "two.tif"}], [square(1, 7, 1, 1)])
    refuse(folder, "cells_test.json, annotation 1", "no image 7")


@pytest.mark.parametrize("name", ["cells_train_val", "cells_test_train"])
def test_a_file_named_for_two_splits_is_refused(folder, refuse, name):
    (folder / "annotations" / f"{name}.json").write_text("{}")
    refuse(folder, name, "a file is for one split")


def test_a_split_is_a_word_of_the_name(folder):
    (folder / "annotations" / "cells_test.json").rename(folder / "annotations" / "latest_val2017.json")
    assert set(coco_source(folder).splits) == {"train", "val"}


def test_an_image_in_two_splits_is_named(folder, refuse):
    write(folder, "test", [{"id": 6, "file_name": "one.tif"}], [])
    refuse(folder, "both have the image one")


@pytest.mark.parametrize("again", [{"id": 6, "file_name": "three.tif"}, {"id": 7, "file_name": "two.png"}])
def test_an_image_that_a_file_has_twice_is_refused(folder, refuse, again):
    write(folder, "test", [{"id": 6, "file_name": "two.tif"}, again], [])
    refuse(folder, "cells_test.json has an id or a file_name of an image twice")


def test_two_image_files_of_one_name_are_refused(folder, refuse):
    (folder / "images" / "one.jpg").write_bytes((folder / "images" / "one.png").read_bytes())
    refuse(folder, "are both the image one")


def test_images_may_lie_in_folders_and_still_have_a_name_only_once(folder, refuse):
    (folder / "images" / "train" / "A172").mkdir(parents=True)
    inner = (folder / "images" / "one.png").rename(folder / "images" / "train" / "A172" / "one.png")
    assert [sample.id for sample in coco_source(folder).splits["train"]()] == ["one"]
    (folder / "images" / "one.png").write_bytes(inner.read_bytes())
    refuse(folder, f"{inner} and {folder / 'images' / 'one.png'} are both the image one")


def test_a_size_that_is_not_the_images_is_named(folder, refuse):
    write(folder, "test", [{"id": 6, "file_name": "two.tif", "width": 24, "height": 16}], [])
    refuse(folder, "cells_test.json says 24 x 16 pixels of two.tif, which has 12 x 8")


def test_images_of_one_well_are_a_group(folder):
    well = "A172_Phase_C7"
    names = [f"{well}_{place_and_moment}" for place_and_moment in ("1_00d00h00m_1", "2_00d04h00m_3")]
    for old, new in zip(("one", "two"), names, strict=True):
        (folder / "images" / f"{old}.png").rename(folder / "images" / f"{new}.png")
    write(folder, "train", [{"id": 1, "file_name": f"{names[0]}.tif"}, {"id": 2, "file_name": f"{names[1]}.tif"}], [])
    write(folder, "test", [], [])
    assert {sample.group for sample in coco_source(folder).splits["train"]()} == {well}


def test_an_image_that_is_missing_is_named(folder, refuse):
    write(folder, "test", [{"id": 6, "file_name": "three.tif"}], [])
    refuse(folder, "cells_test.json names three.tif")


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"counts": [1], "size": [8, 12]}, "no list of polygons"),
        ([], "no list of polygons"),
        ([[1, 2, 3]], "no list of pairs"),
        ([["a", "b"]], "no list of pairs"),
        ([[10**400, 1, 2, 2, 3, 3]], "no list of pairs"),
        ([[1, 1, 2, 2]], "3 or more points"),
        ([[1, 1, 2, float("nan"), 3, 3]], "3 or more points"),
        ([[1, 1, 40, 1, 3, 3]], "goes past the image of 12 x 8 pixels"),
    ],
)
def test_damaged_polygons_are_named(folder, segmentation, words, refuse):
    write(folder, "test", [{"id": 6, "file_name": "two.tif"}], [square(3, 6, 1, 1, segmentation=segmentation)])
    refuse(folder, "cells_test.json, annotation 3 of two.tif", words)


@pytest.mark.parametrize("content", ["{", "[]", '{"images": []}', '{"images": [{}], "annotations": []}', "[" * 100_000])
def test_a_file_that_is_no_coco_file_is_named(folder, content, refuse):
    (folder / "annotations" / "cells_test.json").write_text(content)
    refuse(folder, "cells_test.json is no COCO file")


def test_a_folder_under_the_name_of_annotations_is_named(folder, refuse):
    (folder / "annotations" / "cells_test.json").unlink()
    (folder / "annotations" / "cells_test.json").mkdir()
    refuse(folder, "cells_test.json is no COCO file")


def test_two_files_for_one_split_and_none_at_all_are_named(folder, refuse):
    write(folder, "more_test", [], [])
    refuse(folder, "both for the test split")
    for path in (folder / "annotations").iterdir():
        path.unlink()
    refuse(folder, "holds no JSON file")
