import numpy as np
import pandas as pd

from reproduce.figures.counting import with_cells
from reproduce.figures.objects import brightened
from reproduce.figures.segmentations import chosen_images


def test_examples_are_images_with_cells_though_empty_ones_are_right_in_full():
    found = pd.DataFrame({"id": list("abcd"), "truth": [3, 0, 5, 2], "pq": [0.2, 1.0, 0.9, 0.4]})
    shown = chosen_images(with_cells({"c-ResUnet": {0: found}}), "pq")
    assert "b" not in shown.values() and shown["worst"] == "a"


def test_without_any_cells_examples_are_empty_images():
    found = pd.DataFrame({"id": ["a", "b"], "truth": [0, 0], "pq": [0.0, 1.0]})
    assert set(chosen_images(with_cells({"c-ResUnet": {0: found}}), "pq").values()) == {"a", "b"}


def test_dark_images_are_brightened_in_their_hues():
    image = np.zeros((10, 10, 3), np.uint8)
    image[2:8, 2:8] = 40, 20, 0
    bright = brightened(image)
    assert bright[0, 0].tolist() == [0, 0, 0] and bright[4, 4].tolist() == [255, 127, 0]
    assert (brightened(np.full((4, 4, 3), 7, np.uint8)) == 0).all()
