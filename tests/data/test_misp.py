"""Behaviour of the MISP reader on noise images of the right size with circles for cells."""

import json

import numpy as np
import pytest
from PIL import Image

from nodes_unet.data import misp
from nodes_unet.data.misp import misp_source
from nodes_unet.errors import InputError

HEIGHT, WIDTH = 519, 775
# The 2 x 3 crops of 256 pixels: centred, 7 pixels are left over in each direction.
CORNERS = [(top, left) for top in (3, 259) for left in (3, 259, 515)]


def circle(row, column, radius, label):
    return {"label": label, "points": [[column, row], [column + radius, row]], "shape_type": "circle"}


def centre(top, left):
    return top + 128, left + 128


def write_labels(path, shapes, height=HEIGHT, width=WIDTH):
    path.write_text(json.dumps({"shapes": shapes, "imageHeight": height, "imageWidth": width}))


def write_image(path, seed=0, height=HEIGHT, width=WIDTH):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def write_smear(path, shapes, seed=0):
    """Writes an image and its LabelMe file; returns the pixels."""
    pixels = write_image(path, seed)
    write_labels(path.with_suffix(".json"), shapes)
    return pixels


def full_smear(white_radius=40):
    """A red cell of 49 % in each crop and a white one of the given radius in its middle."""
    return [
        circle(*centre(*corner), radius, label)
        for radius, label in ((101, "red"), (white_radius, "white"))
        for corner in CORNERS
    ]


def samples(source):
    return {split: list(read()) for split, read in source.splits.items()}


def everything(source):
    return sorted((sample for split in samples(source).values() for sample in split), key=lambda sample: sample.id)


def refuse(folder, *words):
    """Asserts that the folder is refused with one sentence that holds the words."""
    with pytest.raises(InputError) as caught:
        misp_source(folder)
    message = str(caught.value)
    for word in words:
        assert str(word) in message
    assert "\n" not in message and not message.endswith(".")


def test_crops_hold_the_pixels_and_the_classes_of_their_place(tmp_path):
    pixels = {name: write_smear(tmp_path / f"{name}.bmp", full_smear(), seed) for seed, name in enumerate("ab")}
    crops = everything(misp_source(tmp_path))
    assert len(crops) == 12
    for crop in crops:
        name, top, left = crop.id.replace("_y", " ").replace("_x", " ").split()
        top, left = int(top), int(left)
        assert (top, left) in CORNERS
        assert crop.group == name
        assert crop.image.dtype == crop.mask.dtype == np.uint8
        np.testing.assert_array_equal(crop.image, pixels[name][top : top + 256, left : left + 256])
        distance = np.hypot(*(np.indices((256, 256)) - 128))
        assert (crop.mask[distance < 39] == 1).all()
        assert (crop.mask[(distance > 42) & (distance < 100)] == 2).all()
        assert not crop.mask[distance > 103].any()


def test_a_crop_does_not_hold_its_whole_smear(tmp_path):
    for name in "ab":
        write_smear(tmp_path / f"{name}.bmp", full_smear())
    for crop in everything(misp_source(tmp_path)):
        assert crop.image.base is None
        assert crop.mask.base is None


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("background", 0),
        ("0", 0),
        ("white", 1),
        ("1", 1),
        ("White Cell", 1),
        ("WBC", 1),
        ("RED", 2),
        ("2", 2),
        ("red cell", 2),
        ("rbc", 2),
    ],
)
def test_label_names(tmp_path, label, value):
    patch = {"label": label, "points": [[100, 100], [120, 120]], "shape_type": "rectangle"}
    for name in "ab":
        write_smear(tmp_path / f"{name}.bmp", [*full_smear(white_radius=30), patch])
    crops = {crop.id: crop for crop in everything(misp_source(tmp_path))}
    assert (crops["a_y3_x3"].mask[97:118, 97:118] == value).all()


def test_the_classes_are_background_white_red(tmp_path):
    for name in "ab":
        write_smear(tmp_path / f"{name}.bmp", full_smear())
    source = misp_source(tmp_path)
    assert source.classes == ("background", "white", "red")
    assert source.role == "paper-images"
    assert "Sarrafzadeh" in source.origin and "90410P" in source.origin
    assert "MISP" in source.licence


def test_crops_with_few_cells_are_left_out(tmp_path):
    # A circle of radius 66 covers 20.9 % of a crop, one of radius 62 covers 18.4 %.
    shapes = [
        circle(*centre(3, 3), 66, "red"),
        circle(*centre(3, 259), 62, "red"),
        circle(*centre(259, 515), 66, "white"),
    ]
    for name in "ab":
        write_smear(tmp_path / f"{name}.bmp", shapes)
    assert [crop.id for crop in everything(misp_source(tmp_path))] == [
        "a_y259_x515",
        "a_y3_x3",
        "b_y259_x515",
        "b_y3_x3",
    ]


@pytest.fixture
def uneven(tmp_path):
    """Three smears; b and c have 6 usable crops, a 2; white cells grow from crop to crop, and from smear to smear."""
    for name, corners, radius in (("a", CORNERS[:2], 10), ("b", CORNERS, 20), ("c", CORNERS, 30)):
        reds = [circle(*centre(*corner), 101, "red") for corner in corners]
        whites = [circle(*centre(*corner), radius + number, "white") for number, corner in enumerate(corners)]
        write_smear(tmp_path / f"{name}.bmp", reds + whites)
    return tmp_path


@pytest.mark.parametrize(
    ("most", "chosen"),
    [
        (2, ["b_y259_x515", "c_y259_x515"]),
        (3, ["a_y3_x259", "b_y259_x515", "c_y259_x515"]),
        (4, ["a_y3_x259", "b_y259_x515", "c_y259_x259", "c_y259_x515"]),
        (7, ["a_y3_x259", "a_y3_x3", "b_y259_x259", "b_y259_x515", "c_y259_x259", "c_y259_x3", "c_y259_x515"]),
    ],
)
def test_each_smear_in_turn_gives_its_crop_with_the_most_white(uneven, monkeypatch, most, chosen):
    monkeypatch.setattr(misp, "MOST_CROPS", most)
    assert [crop.id for crop in everything(misp_source(uneven))] == chosen


def test_fewer_crops_than_a_hundred_are_all_taken(uneven):
    source = misp_source(uneven)
    assert len(everything(source)) == 14
    assert source.rules["crops"].startswith("14 crops of 256x256 from 3 smears")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """40 smears that share one image; the white cells grow with the number."""
    folder = tmp_path_factory.mktemp("many")
    write_image(folder / "smear_00.jpg")
    for number in range(40):
        image = folder / f"smear_{number:02}.jpg"
        if number:
            image.hardlink_to(folder / "smear_00.jpg")
        write_labels(image.with_suffix(".json"), full_smear(white_radius=30 + number))
    return folder


def test_a_hundred_crops_are_spread_evenly(many):
    groups = [crop.group for crop in everything(misp_source(many))]
    assert len(groups) == 100
    counts = [groups.count(f"smear_{number:02}") for number in range(40)]
    assert counts == [2] * 20 + [3] * 20


@pytest.mark.parametrize("seed", range(6))
def test_a_fifth_is_for_the_test_by_whole_smears(many, seed):
    split = {
        name: [(crop.group, crop.id) for crop in crops] for name, crops in samples(misp_source(many, seed)).items()
    }
    assert set(split) == {"train", "test"}
    assert len(split["test"]) == 20
    assert len(split["train"]) == 80
    assert not {group for group, _ in split["test"]} & {group for group, _ in split["train"]}
    assert len({crop for crops in split.values() for _, crop in crops}) == 100


def test_the_seed_decides_on_the_split_and_not_on_the_crops(many):
    def ids(seed):
        return {name: [crop.id for crop in crops] for name, crops in samples(misp_source(many, seed)).items()}

    first, again, other = ids(0), ids(0), ids(1)
    assert first == again
    assert first["test"] != other["test"]
    assert sorted(first["train"] + first["test"]) == sorted(other["train"] + other["test"])


def test_the_test_smears_come_from_the_front_of_the_shuffled_ones(many, monkeypatch):
    monkeypatch.setattr(misp, "MOST_CROPS", 40)
    front = np.random.default_rng(5).permutation(40)[:8]
    groups = {crop.group for crop in samples(misp_source(many, seed=5))["test"]}
    assert groups == {f"smear_{number:02}" for number in front}


def test_two_smears_give_one_to_each_split(tmp_path):
    for name in "ab":
        write_smear(tmp_path / f"{name}.bmp", full_smear())
    tests = set()
    for seed in range(8):
        split = samples(misp_source(tmp_path, seed))
        assert len(split["train"]) == len(split["test"]) == 6
        tests.add(split["test"][0].group)
    assert tests == {"a", "b"}


@pytest.mark.parametrize(("most", "expected"), [(14, 2), (8, 2), (7, 2), (4, 1)])
def test_the_test_comes_as_close_to_a_fifth_as_whole_smears_allow(uneven, monkeypatch, most, expected):
    """The three smears give 2, 6, 6 crops; 2, 3, 3; 2, 2, 3; and 1, 1, 2."""
    monkeypatch.setattr(misp, "MOST_CROPS", most)
    for seed in range(5):
        assert len(samples(misp_source(uneven, seed))["test"]) == expected


def test_a_split_can_be_read_twice(uneven):
    read = misp_source(uneven).splits["train"]
    first, second = list(read()), list(read())
    assert [crop.id for crop in first] == [crop.id for crop in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_images_are_read_one_at_a_time_and_only_when_asked_for(uneven, monkeypatch):
    opened = []
    monkeypatch.setattr(misp, "read_image", lambda path: opened.append(path.name) or np.zeros((519, 775, 3), np.uint8))
    source = misp_source(uneven)
    assert opened == []
    for split in source.splits.values():
        for crop in split():
            assert opened[-1] == f"{crop.group}.bmp"
    assert sorted(opened) == ["a.bmp", "b.bmp", "c.bmp"]


@pytest.mark.parametrize("suffix", [".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".BMP", ".JPG"])
def test_every_image_format_is_found_below_the_folder(tmp_path, suffix):
    for name in "ab":
        write_smear(tmp_path / "MISP" / "slides" / f"{name}{suffix}", full_smear())
    assert {crop.group for crop in everything(misp_source(tmp_path))} == {"MISP/slides/a", "MISP/slides/b"}


def test_equal_names_in_two_folders_are_two_smears(tmp_path):
    for folder in ("one", "two"):
        write_smear(tmp_path / folder / "a.bmp", full_smear())
    crops = everything(misp_source(tmp_path))
    assert {crop.group for crop in crops} == {"one/a", "two/a"}
    assert len({crop.id for crop in crops}) == 12


def test_unlabelled_images_are_counted_and_not_used(uneven):
    for name in ("d.png", "sub/e.jpg"):
        write_image(uneven / name)
    (uneven / "readme.txt").write_text("no image")
    source = misp_source(uneven)
    assert source.rules["unlabelled"].startswith("2 of 5 images")
    assert {crop.group for crop in everything(source)} == {"a", "b", "c"}


def test_the_rules_say_how_the_data_came_about(uneven):
    rules = misp_source(uneven, seed=7).rules
    assert {"crops", "split", "labels", "unlabelled"} == set(rules)
    assert "2x3 grid" in rules["crops"] and "20% cell pixels" in rules["crops"]
    assert "y 3, 259 and x 3, 259, 515" in rules["crops"]
    assert "seed 7" in rules["split"]
    assert "not the paper's labels" in rules["labels"]


def test_no_labelled_image_is_refused_with_what_to_do(tmp_path):
    write_image(tmp_path / "a.bmp")
    refuse(tmp_path, tmp_path, "1 images", "LabelMe", "JSON file beside its image")


def test_an_empty_and_a_missing_folder_are_refused(tmp_path):
    refuse(tmp_path, tmp_path, "0 images", "LabelMe")
    refuse(tmp_path / "absent", tmp_path / "absent", "is no folder")


@pytest.mark.parametrize(("height", "width"), [(512, 775), (519, 768), (775, 519)])
def test_an_image_of_another_size_is_refused(uneven, height, width):
    write_image(uneven / "d.bmp", height=height, width=width)
    write_labels(uneven / "d.json", full_smear(), height, width)
    refuse(uneven, uneven / "d.bmp", f"{width} x {height}", "775 x 519")


@pytest.mark.parametrize(("height", "width"), [(512, 775), (519, 768)])
def test_labels_for_another_size_are_refused(uneven, height, width):
    write_labels(uneven / "b.json", full_smear(), height, width)
    refuse(uneven, uneven / "b.json", f"{width} x {height}", "b.bmp", "775 x 519")


def test_an_unknown_label_is_refused(uneven):
    write_labels(uneven / "b.json", [circle(100, 100, 30, "platelet")])
    refuse(uneven, uneven / "b.json", "'platelet'", "'white'", "'red'")


def test_two_images_with_one_label_file_are_refused(uneven):
    write_image(uneven / "b.png")
    refuse(uneven, uneven / "b.json", "b.bmp", "b.png")


@pytest.mark.parametrize("usable", [0, 1])
def test_fewer_than_two_smears_with_cells_are_refused(tmp_path, usable):
    for name, shapes in zip("ab", [full_smear()] * usable + [[]] * 2, strict=False):
        write_smear(tmp_path / f"{name}.bmp", shapes)
    refuse(tmp_path, tmp_path, f"in {usable} smears", "20%")


def test_an_image_that_is_no_image_is_refused(uneven):
    (uneven / "b.bmp").write_bytes(b"no image")
    refuse(uneven, uneven / "b.bmp")


def test_an_image_cut_short_is_refused_when_it_is_read(uneven):
    content = (uneven / "b.bmp").read_bytes()
    (uneven / "b.bmp").write_bytes(content[: len(content) // 2])
    source = misp_source(uneven)
    with pytest.raises(InputError, match=r"b\.bmp"):
        samples(source)
