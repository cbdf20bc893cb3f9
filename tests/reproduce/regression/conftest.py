"""A table whose preset `smoke` takes seconds, and bugs to plant."""

from dataclasses import replace

import pytest

from nodes_unet import checkpoint, metrics
from nodes_unet.data import misp
from nodes_unet.data.augmentation import Augmenter
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.files import BEST
from nodes_unet.ode import block
from nodes_unet.training import _State
from reproduce import training
from reproduce.recipe import assumed
from reproduce.training import Side


@pytest.fixture(scope="session")
def tiny(tiny_table):
    changes = {"epochs": 4, "copies": 2, "synthetic_train": 12, "synthetic_test": 2}
    own = {name: assumed(value, "tests: seconds a network, with augmented copies") for name, value in changes.items()}
    return replace(tiny_table, presets={"smoke": tiny_table.presets["tiny"] | own})


def keep_the_last(monkeypatch):
    at_the_end = _State.on_epoch_end

    def kept(self, epoch, logs=None):
        at_the_end(self, epoch, logs)
        checkpoint.save(self.network, self.description, self.folder / BEST)

    monkeypatch.setattr(_State, "on_epoch_end", kept)


def augment_images_alone(monkeypatch):
    both = Augmenter.__call__
    monkeypatch.setattr(
        Augmenter, "__call__", lambda self, image, mask, *copy: (both(self, image, mask, *copy)[0], mask)
    )


def mix_train_and_test(monkeypatch):
    divided = training.sides

    def mixed(dataset, *how):
        learning, validation = divided(dataset, *how)
        return Side(dataset.splits["test"], learning.items % len(dataset.splits["test"])), validation

    monkeypatch.setattr(training, "sides", mixed)


def skip_clahe(monkeypatch):
    monkeypatch.setattr(Preprocessing, "equalise", lambda self, image: image)


def leave_a_class_out(monkeypatch):
    monkeypatch.setattr(metrics, "mean_iou", lambda matrix: float(metrics.iou(matrix)[1:].mean()))


def take_recall_for_precision(monkeypatch):
    monkeypatch.setattr(metrics, "precision", metrics.recall)


def multiply_tolerance(monkeypatch):
    solve = block.odeint
    monkeypatch.setattr(block, "odeint", lambda *a, rtol, **how: solve(*a, rtol=rtol * 1000, **how))


def swap_labels_of_misp(monkeypatch):
    swapped = {"background": 0, "white": 2, "red": 1}
    monkeypatch.setattr(misp, "LABELS", swapped)


BUGS = {
    "the last epoch kept in place of the best": keep_the_last,
    "images augmented and masks not": augment_images_alone,
    "train and test mixed": mix_train_and_test,
    "tolerance times 1000": multiply_tolerance,
    "labels swapped in a reader": swap_labels_of_misp,
    "CLAHE skipped": skip_clahe,
    "a class left out of the mean": leave_a_class_out,
    "recall for precision": take_recall_for_precision,
}


@pytest.fixture
def plant(monkeypatch):
    """A function that plants a bug of a name in the code, with the configuration unchanged."""
    return lambda bug: BUGS[bug](monkeypatch)
