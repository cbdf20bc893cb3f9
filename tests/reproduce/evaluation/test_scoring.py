import pytest

import nodes_unet
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.ode import ode_blocks
from reproduce.evaluation.scoring import score
from reproduce.evaluation.segmentation import evaluate

CLASSES = ("background", "white", "red")


@pytest.fixture
def network():
    return nodes_unet.build("ode_unet", position=1, input_shape=(32, 32, 3), filters=2, tolerance=1e-6)


def test_it_is_what_the_evaluation_of_a_run_finds(network, disc_dataset):
    test = disc_dataset.splits["test"]
    found = score(network, Preprocessing((32, 32), 2.0, 8), test, CLASSES)
    settings = {"image_size": [32, 32], "clahe_clip": 2.0, "clahe_grid": 8, "timed_images": 1, "timed_passes": 1}
    metrics = evaluate(network, test, CLASSES, settings).metrics
    assert found[:3] == (metrics["pa.pooled"], metrics["miou.pooled"], metrics["nfe"])
    assert found.failed == 0


def test_images_whose_solve_failed_are_wrong_and_hide_no_other(network, disc_dataset):
    (block,) = ode_blocks(network)
    block.max_num_steps = 1
    test = disc_dataset.splits["test"]
    assert score(network, Preprocessing((32, 32)), test, CLASSES)[:2] == (0, 0)
    settings = {"image_size": [32, 32], "clahe_clip": None, "clahe_grid": 8, "timed_images": 1, "timed_passes": 1}
    metrics = evaluate(network, test, CLASSES, settings).metrics
    assert (metrics["pa.pooled"], metrics["failed_solves"]) == (0, len(test))
