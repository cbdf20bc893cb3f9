"""Committed networks on committed images: bugs planted between file and metric move numbers."""

import shutil
from pathlib import Path

import pytest

import nodes_unet
from nodes_unet import InputError
from nodes_unet.data.images import read_image
from nodes_unet.inference import instances
from reproduce.cli.tables import load_tables
from reproduce.regression import checkpoints
from reproduce.regression.checkpoints import CASES, FILE, IMAGES, NETWORKS, check
from reproduce.regression.layouts import LAYOUTS, draw
from reproduce.regression.reference import read

REFERENCE = Path(__file__).parents[3] / "results" / "reference"
KNOWN = read(REFERENCE / FILE)


def case(row, layout):
    return next(case for case in CASES if (case.row, case.layout) == (row, layout))


def moved(monkeypatch, *cases):
    monkeypatch.setattr(checkpoints, "CASES", cases)
    return {number.name: number for number in check(load_tables(), REFERENCE, KNOWN) if not number.holds}


def test_this_code_gives_the_committed_numbers():
    numbers = list(check(load_tables(), REFERENCE, KNOWN))
    assert {number.subject for number in numbers} == {str(case) for case in CASES}
    assert [str(number) for number in numbers if not number.holds] == []


def test_the_committed_network_counts_cells_as_it_is():
    network, images = REFERENCE / NETWORKS / "counting-c-resunet.h5", REFERENCE / IMAGES / "instances" / "images"
    model, description = nodes_unet.load(network), nodes_unet.read_description(network)
    slices = [read_image(images / f"test-slice0000{number}.png") for number in range(4)]
    assert [instances(model, description, image).max() for image in slices] == [1, 2, 1, 0]


@pytest.mark.parametrize(
    ("bug", "where", "names"),
    [
        ("tolerance times 1000", case("NODEs-UNet", "masks"), {"nfe", "stage5_ode.nfe"}),
        ("labels swapped in a reader", case("U-Net", "misp"), {"labels.white", "labels.red", "miou.pooled"}),
        ("CLAHE skipped", case("U-Net", "labelme"), {"inputs.spread", "miou.pooled"}),
        ("a class left out of the mean", case("U-Net", "labelme"), {"miou.pooled", "miou.per_image"}),
        ("recall for precision", case("U-Net", "labelme"), {"cpa_red.precision"}),
    ],
)
def test_a_planted_bug_moves_numbers_that_the_report_names(bug, where, names, plant, monkeypatch):
    plant(bug)
    assert names <= moved(monkeypatch, where).keys()


def test_all_readers_of_one_layout_s_images_see_the_same_cells(monkeypatch):
    """The same smears, as label images and as outlines; polygons of LabelMe reach half a pixel farther."""
    monkeypatch.setattr(checkpoints, "CASES", [case("NODEs-UNet", "masks"), case("U-Net", "labelme")])
    numbers = check(load_tables(), REFERENCE, KNOWN)
    masks, labelme = (number.found for number in numbers if number.name == "labels.red")
    assert masks == pytest.approx(labelme, abs=0.02) and masks > 0.1


def test_images_are_drawn_once(tmp_path):
    draw(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(LAYOUTS)
    for name in LAYOUTS:
        for path in (REFERENCE / IMAGES / name).rglob("*.json"):
            assert (tmp_path / path.relative_to(REFERENCE / IMAGES)).read_bytes() == path.read_bytes()
    shutil.rmtree(tmp_path / "masks" / "images")
    draw(tmp_path)
    assert not (tmp_path / "masks" / "images").exists()


def test_a_network_that_is_missing_is_one_sentence(tmp_path):
    shutil.copytree(REFERENCE / IMAGES, tmp_path / IMAGES)
    with pytest.raises(InputError, match=rf"from the repository again: .*{NETWORKS}.*does not exist"):
        list(check(load_tables(), tmp_path, KNOWN))
