"""The archive of Fluorescent Neuronal Cells: images, masks of 0 and 255, and everything that can be wrong with them."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from nodes_unet.data import fluocells
from nodes_unet.data.fluocells import AUTHORS_TEST, IMAGES, MASKS, _drawn, fluocells_source
from nodes_unet.data.store import Dataset, write_dataset

NAMES = tuple("abcdefghij")


def cells(number):
    """So many cells, the first two touching at a corner."""
    mask = np.zeros((16, 20), np.uint8)
    for place in range(number):
        mask[4 * (place // 4) : 4 * (place // 4) + 2, 4 * (place % 4) : 4 * (place % 4) + 2] = 255
    if number:
        mask[2, 2] = 255
    return mask


@pytest.fixture
def folder(tmp_path):
    """Ten images, of which image n has n cells."""
    for part in (IMAGES, MASKS):
        (tmp_path / "archive" / part).mkdir(parents=True)
    for number, name in enumerate(NAMES):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 20, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "archive" / IMAGES / f"{name}.png")
        save(tmp_path / "archive", name, cells(number))
    return tmp_path / "archive"


def save(folder, name, mask):
    Image.fromarray(mask).save(folder / MASKS / f"{name}.png")


@pytest.fixture
def refuse(refuse_source):
    """A function that asserts that an archive is refused in a sentence with the words."""
    return partial(refuse_source, fluocells_source)


def test_masks_become_classes_with_the_number_of_their_components(folder, tmp_path):
    write_dataset(tmp_path / "f.h5", fluocells_source(folder))
    dataset = Dataset(tmp_path / "f.h5")
    assert (dataset.role, dataset.classes, dataset.name) == ("proxy", ("background", "cell"), "archive")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 8, "test": 2}
    found = {sample.id: sample for split in dataset.splits.values() for sample in split}
    assert sorted(found) == list(NAMES)
    for number, name in enumerate(NAMES):
        assert found[name].counts == (number,), "an empty image counts too"
        np.testing.assert_array_equal(found[name].mask, cells(number) // 255)
    assert "273" in dataset.rules["images"]


def test_the_archive_is_known_by_its_number_of_images_their_sizes_and_the_names_of_some(folder, monkeypatch, tmp_path):
    (tmp_path / "authors.txt").write_text("c\nb\n")
    for name, value in (("PAPERS_IMAGES", 10), ("SIZE", (16, 20)), ("AUTHORS_TEST", tmp_path / "authors.txt")):
        assert fluocells_source(folder).role == "proxy"
        monkeypatch.setattr(fluocells, name, value)
    source = fluocells_source(folder, origin="mine", licence="CC0")
    assert (source.role, source.name) == ("paper", "fluocells") and "Hitrec" in source.origin
    Image.fromarray(np.zeros((16, 21, 3), np.uint8)).save(folder / IMAGES / "c.png")
    other = fluocells_source(folder, name="slices", origin="mine", licence="CC0")
    assert (other.role, other.name, other.origin, other.licence) == ("proxy", "slices", "mine", "CC0")
    assert fluocells_source(folder).origin == "not stated"


@pytest.mark.parametrize(("images", "drawn"), [(10, 2), (4, 1), (272, 54), (273, 60), (283, 60)])
def test_of_the_archive_sixty_images_are_for_the_test(images, drawn):
    assert len(_drawn([str(number) for number in range(images)], 0)) == drawn


def test_kinds_come_from_a_file(folder, tmp_path, refuse_source):
    (tmp_path / "kinds.csv").write_text("id,kind\nb,manual\nd,artefact\n")
    source = fluocells_source(folder, kinds=tmp_path / "kinds.csv")
    found = {sample.id: sample.kind for split in source.splits.values() for sample in split()}
    assert {name: kind for name, kind in found.items() if kind} == {"b": "manual", "d": "artefact"}
    for content, words in (
        ("id,kind\nz,manual\n", "line 2: there is no image z"),
        ("id,kind\na.png,manual\nb,manual\na,artefact\n", "line 2: a is there more than once"),
        ("id,kind\na,odd\n", "line 2: the kind 'odd' is none of manual, artefact"),
        ("id\na\n", "has the columns id: it needs id, kind"),
        ("", "is not a CSV file"),
    ):
        (tmp_path / "kinds.csv").write_text(content)
        refuse_source(partial(fluocells_source, kinds=tmp_path / "kinds.csv"), folder, "kinds.csv", words)


@pytest.mark.parametrize("part", [IMAGES, MASKS])
@pytest.mark.parametrize("name", ["z.tif", "z.PNG"])
def test_a_file_of_another_kind_is_named(folder, refuse_source, part, name):
    (folder / part / name).write_bytes(b"")
    refuse_source(fluocells_source, folder, name, "is no .png file")


def test_the_seed_decides_the_test_images(folder):
    drawn = [[sample.id for sample in fluocells_source(folder, seed).splits["test"]()] for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1] and len({tuple(names) for names in drawn}) > 1


def test_the_authors_test_images_are_taken_where_all_are_there(folder, monkeypatch, tmp_path):
    assert len(set(AUTHORS_TEST.read_text().split())) == 70
    (tmp_path / "authors.txt").write_text("c\nb\n")
    monkeypatch.setattr(fluocells, "AUTHORS_TEST", tmp_path / "authors.txt")
    named, drawn = fluocells_source(folder), fluocells_source(folder, seed=0)
    assert [sample.id for sample in named.splits["test"]()] == ["b", "c"]
    assert named.rules["split"] == "the 2 test images of the authors' code; the paper has 60"
    assert drawn.rules["split"] == "2 test images by chance, seed 0"
    (tmp_path / "authors.txt").write_text("c\nb\nother\n")
    assert fluocells_source(folder).rules["split"] == drawn.rules["split"]
    assert [sample.id for sample in fluocells_source(folder).splits["test"]()] == [
        sample.id for sample in drawn.splits["test"]()
    ]


def test_a_list_decides_them_instead(folder, tmp_path):
    (tmp_path / "test.txt").write_text("c.png\n\nb\n")
    source = fluocells_source(folder, test_list=tmp_path / "test.txt")
    assert [sample.id for sample in source.splits["test"]()] == ["b", "c"]
    assert len(list(source.splits["train"]())) == 8 and source.rules["split"] == "from test.txt"


@pytest.mark.parametrize(
    ("content", "words"), [("c\nz\n", "line 2: there is no image z"), ("\n", "names 0 of 10 images")]
)
def test_a_list_that_does_not_fit_is_refused(folder, tmp_path, refuse_source, content, words):
    (tmp_path / "test.txt").write_text(content)
    refuse_source(partial(fluocells_source, test_list=tmp_path / "test.txt"), folder, "test.txt", words)
    refuse_source(partial(fluocells_source, test_list=tmp_path / "none.txt"), folder, "none.txt does not exist")


def test_a_list_may_begin_with_a_byte_order_mark_but_not_be_utf_16(folder, tmp_path, refuse_source):
    (tmp_path / "test.txt").write_text("a\nb\n", encoding="utf-8-sig")
    source = fluocells_source(folder, test_list=tmp_path / "test.txt")
    assert [sample.id for sample in source.splits["test"]()] == ["a", "b"]
    (tmp_path / "test.txt").write_text("a\nb\n", encoding="utf-16")
    refuse_source(partial(fluocells_source, test_list=tmp_path / "test.txt"), folder, "test.txt is no text in UTF-8")


def test_a_mask_of_other_values_is_named(folder, refuse):
    save(folder, "d", cells(3) // 2)
    refuse(folder, folder / MASKS / "d.png", "the value 127")


def test_a_mask_of_another_size_is_named(folder, refuse):
    save(folder, "d", cells(3)[:8])
    refuse(folder, folder / MASKS / "d.png", "20 x 8", "20 x 16")


def test_an_image_without_a_mask_is_named(folder, refuse):
    (folder / MASKS / "e.png").unlink()
    refuse(folder, folder / IMAGES / "e.png", "has no mask")


def test_a_mask_that_is_cut_short_is_named(folder, refuse):
    path = folder / MASKS / "f.png"
    path.write_bytes(path.read_bytes()[:60])
    refuse(folder, path, "cannot be read as an image")


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_grey_transparent_and_16_bit_images_are_read(folder, mode):
    pixels = np.full((16, 20), 65535 if mode == "I;16" else 255, np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(pixels).convert(mode).save(folder / IMAGES / "a.png")
    found = {sample.id: sample for split in ("train", "test") for sample in fluocells_source(folder).splits[split]()}
    assert (found["a"].image == 255).all() and found["a"].image.shape == (16, 20, 3)


def test_missing_folders_and_single_images_are_named(folder, refuse):
    for name in NAMES[1:]:
        (folder / IMAGES / f"{name}.png").unlink()
    refuse(folder, "holds 1 PNG file")
    refuse(folder.parent, folder.parent / IMAGES, "all_images.zip")
