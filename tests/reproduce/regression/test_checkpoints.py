"""Committed networks on committed images: bugs planted between file and metric move numbers."""

import shutil
from pathlib import Path

import pytest

from nodes_unet import InputError, metrics
from nodes_unet.data import misp
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.ode import block
from reproduce.cli_tables import load_tables
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


def multiply_tolerance(monkeypatch):
    solve = block.odeint
    monkeypatch.setattr(block, "odeint", lambda *a, rtol, **how: solve(*a, rtol=rtol * 1000, **how))


def swap_labels_of_misp(monkeypatch):
    swapped = {"background": 0, "white": 2, "red": 1}
    monkeypatch.setattr(misp, "LABELS", swapped)


def skip_clahe(monkeypatch):
    monkeypatch.setattr(Preprocessing, "equalise", lambda self, image: image)


def leave_a_class_out(monkeypatch):
    monkeypatch.setattr(metrics, "mean_iou", lambda matrix: float(metrics.iou(matrix)[1:].mean()))


def take_recall_for_precision(monkeypatch):
    monkeypatch.setattr(metrics, "precision", metrics.recall)


@pytest.mark.parametrize(
    ("plant", "where", "names"),
    [
        (multiply_tolerance, case("NODEs-UNet", "masks"), {"nfe", "stage5_ode.nfe"}),
        (swap_labels_of_misp, case("U-Net", "misp"), {"labels.white", "labels.red", "miou.pooled"}),
        (skip_clahe, case("U-Net", "labelme"), {"inputs.spread", "miou.pooled"}),
        (leave_a_class_out, case("U-Net", "labelme"), {"miou.pooled", "miou.per_image"}),
        (take_recall_for_precision, case("U-Net", "labelme"), {"cpa_red.precision"}),
    ],
)
def test_a_planted_bug_moves_numbers_that_the_report_names(plant, where, names, monkeypatch):
    plant(monkeypatch)
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
