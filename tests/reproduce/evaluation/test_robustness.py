import keras
import numpy as np
import pytest

from nodes_unet.data.preprocessing import Preprocessing
from reproduce.evaluation.robustness import robustness

UNCHANGED = {"pa": 0.75, "miou": 0.5, "cpa_red.recall": 0.1}
CLASSES = ("background", "white", "red")


@pytest.fixture
def by_colour():
    """A network that tells the discs' classes by their green and blue channels, and nothing else."""
    image = keras.Input((None, None, 3))
    green, blue = image[..., 1:2], image[..., 2:3]
    return keras.Model(image, keras.layers.Concatenate()([10 * (green - 0.65), blue - green, 0.18 + 0 * green]))


def test_level_zero_is_what_was_known_and_a_dark_image_is_lost(by_colour, disc_dataset):
    levels = {"darken": [0.7], "noise": [1.0, 60.0]}
    table = robustness(by_colour, Preprocessing(None, None), disc_dataset.splits["test"], CLASSES, levels, UNCHANGED)
    assert table[["perturbation", "level"]].to_numpy().tolist() == [
        ["darken", 0.0],
        ["darken", 0.7],
        ["noise", 0.0],
        ["noise", 1.0],
        ["noise", 60.0],
    ]
    assert table[table.level == 0][["pa", "miou"]].to_numpy().tolist() == [[0.75, 0.5]] * 2
    assert table.pa[1] < 0.6 and table.pa[4] < table.pa[3] == pytest.approx(1, abs=0.01)
    assert np.isfinite(table.miou).all()
