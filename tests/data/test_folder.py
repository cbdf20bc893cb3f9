"""The folder reader: pairs of images and masks, a split file, and everything that can be wrong with them."""

import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from nodes_unet.data.folder import folder_source
from nodes_unet.data.store import Dataset, write_dataset

CLASSES = ("background", "white", "red")


def pixels(name):
    """The image and the mask that the file `name` gets; the mask holds every class."""
    random = np.random.default_rng(list(name.encode()))
    mask = random.integers(0, 3, (12, 16), np.uint8)
    mask[0, :3] = 0, 1, 2
    return random.integers(0, 256, (12, 16, 3), np.uint8), mask


@pytest.fixture
def folder(tmp_path):
    """A good folder: a, b and c for training, d for the test."""
    place = tmp_path / "cells"
    for part in ("images", "masks"):
        (place / part).mkdir(parents=True)
    for name in "abcd":
        image, mask = pixels(name)
        Image.fromarray(image).save(place / "images" / f"{name}.png")
        Image.fromarray(mask).save(place / "masks" / f"{name}.png")
    write_split(place, "a,train,s1", "b,train,s1", "c,train,s2", "d,test,s3")
    return place


def write_split(folder, *rows, header="id,split,group"):
    (folder / "split.csv").write_text("\n".join((header, *rows, "")), encoding="utf-8")


def samples(folder, split, classes=CLASSES):
    return list(folder_source(folder, classes).splits[split]())


@pytest.fixture
def refuse(refuse_source):
    """A function that asserts that a folder is refused, at once or while it is stored, in a sentence with the words."""
    return partial(refuse_source, lambda folder: folder_source(folder, CLASSES))


def test_a_folder_is_stored_as_its_split_file_says(folder, tmp_path):
    source = folder_source(folder, CLASSES, origin="Li et al. 2021", licence="CC0-1.0")
    assert (source.name, source.role, source.classes) == ("cells", "proxy", CLASSES)
    write_dataset(tmp_path / "cells.h5", source)
    dataset = Dataset(tmp_path / "cells.h5")
    dataset.verify()
    train, test = dataset.splits["train"], dataset.splits["test"]
    assert (train.ids, train.groups) == (("a", "b", "c"), ("s1", "s1", "s2"))
    assert (test.ids, test.groups) == (("d",), ("s3",))
    for sample in (*train, *test):
        image, mask = pixels(sample.id)
        np.testing.assert_array_equal(sample.image, image)
        np.testing.assert_array_equal(sample.mask, mask)
        assert sample.mask.dtype == np.uint8
    assert (dataset.origin, dataset.licence) == ("Li et al. 2021", "CC0-1.0")
    assert dataset.rules == {"bit depth": "full range"}


def test_counts_of_cells_are_read_from_the_split_file(folder):
    header = "id,split,count_red,count_white"
    write_split(folder, "a,train,12,0", "b,train,9,1", "c,train,10,2", "d,test,8,3", header=header)
    assert [sample.counts for sample in samples(folder, "train")] == [(0, 12), (1, 9), (2, 10)]
    assert [sample.counts for sample in samples(folder, "test")] == [(3, 8)]


@pytest.mark.parametrize("value", ["", "-1", "2.5", "many", "99999999999", "9" * 20])
def test_a_count_that_is_no_number_of_cells_is_named_with_its_line(folder, value, refuse):
    header = "id,split,count_white,count_red"
    write_split(folder, "a,train,1,2", f"b,train,{value},2", "c,train,1,2", "d,test,1,2", header=header)
    refuse(folder, "split.csv, line 3", f"count_white is {value!r}")


@pytest.mark.parametrize("column", ["Group", "smear", "counts_white"])
def test_a_column_of_an_unknown_name_is_refused(folder, column, refuse):
    """Groups under a misspelt name would be no groups, and leak."""
    write_split(folder, "a,train,1", "b,train,1", "c,train,2", "d,test,3", header=f"id,split,{column}")
    refuse(folder, f"split.csv has a column '{column}': rename it", "id, split, group, kind, count_<class>")


def test_counts_of_some_classes_only_are_refused(folder, refuse):
    write_split(folder, "a,train,1", header="id,split,count_white")
    refuse(folder, "split.csv", "it needs count_white, count_red, or none of them")


def test_the_order_is_that_of_the_split_file(folder):
    write_split(folder, "c,train,1", "d,val,2", "a,train,3", "b,test,4")
    assert [sample.id for sample in samples(folder, "train")] == ["c", "a"]
    assert [sample.id for sample in samples(folder, "val")] == ["d"]


def test_without_groups_each_image_is_its_own(folder):
    write_split(folder, "a,train", "b,train", "c,train", "d,test", header="id,split")
    assert [sample.group for sample in samples(folder, "train")] == ["a", "b", "c"]


def test_a_split_can_be_read_again(folder):
    read = folder_source(folder, CLASSES).splits["train"]
    assert [sample.id for sample in read()] == [sample.id for sample in read()] == ["a", "b", "c"]


def test_ids_that_look_like_numbers_or_gaps_stay_text(folder):
    for old, new in zip("abcd", ("007", "1e3", "NA", "true"), strict=True):
        for part in ("images", "masks"):
            (folder / part / f"{old}.png").rename(folder / part / f"{new}.png")
    write_split(folder, "007,train,01", "1e3,train,1", "NA,train,null", "true,test,3")
    read = samples(folder, "train")
    assert [(sample.id, sample.group) for sample in read] == [("007", "01"), ("1e3", "1"), ("NA", "null")]


def test_labelme_files_serve_as_masks(folder):
    (folder / "masks" / "a.png").unlink()
    shapes = [
        {"label": "red", "shape_type": "rectangle", "points": [[2, 3], [6, 8]]},
        {"label": "white", "shape_type": "rectangle", "points": [[10, 0], [15, 4]]},
    ]
    write_labels(folder / "masks" / "a.json", shapes)
    expected = np.zeros((12, 16), np.uint8)
    expected[3:9, 2:7] = 2
    expected[0:5, 10:16] = 1
    np.testing.assert_array_equal(samples(folder, "train")[0].mask, expected)


def write_labels(path, shapes, height=12, width=16):
    path.write_text(json.dumps({"shapes": shapes, "imageHeight": height, "imageWidth": width}))


def test_a_labelme_label_that_is_no_class_is_named(folder, refuse):
    (folder / "masks" / "a.png").unlink()
    write_labels(
        folder / "masks" / "a.json", [{"label": "platelet", "shape_type": "circle", "points": [[5, 5], [8, 5]]}]
    )
    refuse(folder, folder / "masks" / "a.json", "'platelet'", "'red'")


def test_a_labelme_file_for_another_size_is_named(folder, refuse):
    (folder / "masks" / "c.png").unlink()
    write_labels(folder / "masks" / "c.json", [], height=12, width=17)
    refuse(folder, folder / "masks" / "c.json", folder / "images" / "c.png", "17 x 12", "16 x 12")


def test_dark_images_are_stretched_where_that_is_asked_for(folder):
    dark = np.tile(np.arange(16, dtype=np.uint16) * 4, (12, 1))
    Image.fromarray(dark).save(folder / "images" / "a.png")
    assert next(folder_source(folder, CLASSES).splits["train"]()).image.max() == 0
    source = folder_source(folder, CLASSES, stretch=(0, 100))
    image = next(source.splits["train"]()).image
    np.testing.assert_array_equal(image[0, :, 0], np.arange(16) * 17)
    assert source.rules["bit depth"] == "percentiles 0 to 100"


def test_levels_are_the_same_for_every_image(folder):
    Image.fromarray(np.tile(np.arange(16, dtype=np.uint16) * 4, (12, 1))).save(folder / "images" / "a.png")
    source = folder_source(folder, CLASSES, levels=(0, 120))
    np.testing.assert_array_equal(next(source.splits["train"]()).image[0, :3, 0], [0, 8, 17])
    assert source.rules["bit depth"] == "values 0 to 120"


def test_16_bit_masks_of_classes_become_8_bit(folder):
    _, mask = pixels("a")
    Image.fromarray(mask.astype(np.uint16)).save(folder / "masks" / "a.png")
    read = samples(folder, "train")[0].mask
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, mask)


def test_image_and_mask_may_differ_in_kind_of_file(folder):
    image, _ = pixels("a")
    (folder / "images" / "a.png").unlink()
    Image.fromarray(image).save(folder / "images" / "a.TIF")
    np.testing.assert_array_equal(samples(folder, "train")[0].image, image)


# Everything that can be wrong


@pytest.mark.parametrize("value", [3, 255])
def test_a_value_that_is_no_class_is_named_with_its_file(folder, value, refuse):
    _, mask = pixels("c")
    mask[4, 5] = value
    Image.fromarray(mask).save(folder / "masks" / "c.png")
    refuse(folder, folder / "masks" / "c.png", f"value {value}", "0 background, 1 white, 2 red")


def test_a_mask_of_another_size_is_named_with_both_sizes(folder, refuse):
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(folder / "masks" / "b.png")
    refuse(folder, folder / "masks" / "b.png", folder / "images" / "b.png", "12 x 16", "16 x 12")


def test_an_image_without_a_mask_is_named(folder, refuse):
    (folder / "masks" / "b.png").unlink()
    refuse(folder, folder / "images" / "b.png", "no mask")


def test_two_images_of_one_name_are_not_chosen_from_silently(folder, refuse):
    Image.fromarray(pixels("other")[0]).save(folder / "images" / "b.bmp")
    refuse(folder, "b.bmp", "b.png")


def test_two_masks_of_one_name_are_not_chosen_from_silently(folder, refuse):
    write_labels(folder / "masks" / "b.json", [])
    refuse(folder, "b.json", "b.png")


@pytest.mark.parametrize("part", ["images", "masks"])
def test_an_empty_folder_is_named(folder, part, refuse):
    for file in (folder / part).iterdir():
        file.rename(file.with_suffix(".txt"))
    refuse(folder, folder / part, ".png")


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_missing_folder_is_named(folder, part, refuse):
    (folder / part).rename(folder / "elsewhere")
    refuse(folder, f"{folder / part} does not exist")


def test_a_missing_split_file_is_named_with_its_columns(folder, refuse):
    (folder / "split.csv").unlink()
    refuse(folder, f"{folder / 'split.csv'} does not exist", "id, split")


@pytest.mark.parametrize("header", ["name,split,group", "id,fold,group", "a;b;c"])
def test_a_split_file_without_the_columns_is_named(folder, header, refuse):
    write_split(folder, "a,train,s1", header=header)
    refuse(folder, folder / "split.csv", "it needs id, split")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00split", b'id,split\n"a,train\nb,test\n'])
def test_a_split_file_that_is_no_csv_is_named(folder, content, refuse):
    (folder / "split.csv").write_bytes(content)
    refuse(folder, folder / "split.csv")


@pytest.mark.parametrize("split", ["Train", "training", " train"])
def test_an_unknown_split_is_named_with_its_line(folder, split, refuse):
    write_split(folder, "a,train,s1", "b,train,s1", f"c,{split},s2", "d,test,s3")
    refuse(folder, f"{folder / 'split.csv'}, line 4", repr(split), "train, val, test")


def test_a_line_that_was_cut_off_is_named_behind_blank_ones_too(folder, refuse):
    write_split(folder, "a,train,s1", "", "b,train,s1", "c")
    refuse(folder, f"{folder / 'split.csv'}, line 5, c: there is no split")


def test_an_id_that_stands_twice_is_named(folder, refuse):
    write_split(folder, "a,train,s1", "b,train,s1", "c,train,s2", "d,test,s3", "b,test,s1")
    refuse(folder, f"{folder / 'split.csv'} names b twice")


def test_an_id_with_the_files_ending_is_told_so(folder, refuse):
    write_split(folder, "a.png,train,s1", "b,train,s1", "c,train,s2", "d,test,s3")
    refuse(folder, "names a.png", "without the files' ending")


def test_dark_images_are_counted(folder, tmp_path):
    for name in "abcd":
        Image.fromarray(pixels(name)[0][..., 0].astype(np.uint16) * 16).save(folder / "images" / f"{name}.png")
    for levels, dark in ((None, 4), ((0, 4095), 0)):
        source = folder_source(folder, CLASSES, levels=levels)
        write_dataset(tmp_path / f"{dark}.h5", source)
        assert sum(source.passed_over.values()) == dark and all("--levels" in what for what in source.passed_over)


def test_an_id_without_an_image_is_named(folder, refuse):
    write_split(folder, "a,train,s1", "b,train,s1", "c,train,s2", "d,test,s3", "e,test,s3")
    refuse(folder, f"{folder / 'split.csv'} names e", folder / "images")


def test_an_image_that_the_split_file_leaves_out_is_named(folder, refuse):
    write_split(folder, "a,train,s1", "d,test,s3")
    refuse(folder, f"{folder / 'split.csv'} leaves out b", "2 in all")


def test_a_split_file_without_a_test_split_is_refused(folder, refuse):
    write_split(folder, "a,train,s1", "b,train,s1", "c,train,s2", "d,val,s3")
    refuse(folder, "has no images for test: say in split.csv which ones are")


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_truncated_png_is_named_and_no_dataset_is_left(folder, part, refuse):
    path = folder / part / "c.png"
    path.write_bytes(path.read_bytes()[:60])
    refuse(folder, f"{path} cannot be read as an image")


def test_an_image_without_a_group_is_one_by_itself(folder):
    write_split(folder, "a,train,s1", "b,train,", "c,train,", "d,test,")
    assert [sample.group for sample in samples(folder, "train")] == ["s1", "b", "c"]


def test_a_group_on_both_sides_of_the_split_is_refused(folder, refuse):
    write_split(folder, "a,train,s1", "b,train,s1", "c,train,s2", "d,test,s1")
    refuse(folder, "split.csv", "group s1", "leaks")


def test_an_lzw_compressed_tiff_is_read(folder):
    image, _ = pixels("a")
    (folder / "images" / "a.png").unlink()
    Image.fromarray(image).save(folder / "images" / "a.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(samples(folder, "train")[0].image, image)


def test_kinds_are_read_from_the_split_file(folder):
    write_split(folder, "a,train,manual", "b,train,", "c,train,artefact", "d,test,", header="id,split,kind")
    assert [sample.kind for sample in samples(folder, "train")] == ["manual", "", "artefact"]


def test_an_unknown_kind_is_named_with_its_line(folder, refuse):
    write_split(folder, "a,train,manual", "b,train,", "c,train,artifact", "d,test,", header="id,split,kind")
    refuse(folder, "split.csv, line 4", "'artifact' is none of manual, artefact")


def test_numbers_of_objects_are_kept_and_counted(folder, tmp_path):
    instances = np.zeros((12, 16), np.uint16)
    instances[:4], instances[6:8] = 300, 7
    Image.fromarray(instances).save(folder / "masks" / "a.png")
    first = next(folder_source(folder, ("background", "cell"), instances=True).splits["train"]())
    np.testing.assert_array_equal(first.mask, instances)
    assert (first.mask.dtype, first.counts) == (np.uint16, (2,))


def test_masks_of_one_class_may_be_0_and_255(folder):
    for name in "abcd":
        _, mask = pixels(name)
        highest = {"a": np.uint8(255), "b": np.uint16(65535)}.get(name, np.uint8(1))
        Image.fromarray((mask > 1) * highest).save(folder / "masks" / f"{name}.png")
    for sample in samples(folder, "train", ("background", "cell")):
        np.testing.assert_array_equal(sample.mask, pixels(sample.id)[1] > 1)
        assert sample.mask.dtype == np.uint8


def test_numbers_beyond_one_class_may_be_objects(folder, refuse_source):
    words = "a.png holds the value 2", "or give --instances"
    refuse_source(lambda folder: folder_source(folder, ("background", "cell")), folder, *words)


def test_a_mask_of_0_and_255_has_no_numbers_of_objects(folder, refuse_source):
    Image.fromarray(np.eye(12, 16, dtype=np.uint8) * 255).save(folder / "masks" / "a.png")
    words = "a.png holds 0 and 255 only", "leave --instances out"
    refuse_source(lambda folder: folder_source(folder, ("background", "cell"), instances=True), folder, *words)


@pytest.mark.parametrize("number", [1, 128])
def test_masks_of_one_number_in_pieces_are_no_instances(folder, refuse_source, number):
    for name in "abcd":
        mask = np.zeros((12, 16), np.uint8)
        mask[2:4, 2:4] = mask[8:10, 8:10] = number
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    words = "holds one number in pieces", "leave --instances out"
    refuse_source(lambda folder: folder_source(folder, ("background", "cell"), instances=True), folder, *words)
    mask[0, 0] = 3
    Image.fromarray(mask).save(folder / "masks" / "c.png")
    train = list(folder_source(folder, ("background", "cell"), instances=True).splits["train"]())
    assert [sample.counts for sample in train] == [(1,), (1,), (2,)], "in pieces, beside a mask of two numbers"


def test_numbers_of_objects_go_with_one_class(folder, refuse_source):
    refuse_source(lambda folder: folder_source(folder, CLASSES, instances=True), folder, "one class", "white, red")


def test_each_shape_of_a_labelme_file_is_an_object(folder):
    (folder / "masks" / "a.png").unlink()
    boxes = [[[0, 0], [5, 11]], [[6, 0], [9, 11]]]
    shapes = [{"label": "cell", "points": box, "shape_type": "rectangle"} for box in boxes]
    document = {"shapes": shapes, "imageHeight": 12, "imageWidth": 16}
    (folder / "masks" / "a.json").write_text(json.dumps(document))
    first = next(folder_source(folder, ("background", "cell"), instances=True).splits["train"]())
    assert (first.mask.dtype, first.counts) == (np.uint16, (2,))
    assert [len(np.unique(first.mask[:, columns])) for columns in (slice(6), slice(6, 10), slice(10, 16))] == [1, 1, 1]
    assert first.mask[0, 0] != first.mask[0, 6] and not first.mask[:, 10:].any()


def test_hidden_files_are_no_images(folder):
    (folder / "images" / "._a.png").write_bytes(b"of another system")
    assert {sample.id for sample in samples(folder, "train")} == {"a", "b", "c"}
