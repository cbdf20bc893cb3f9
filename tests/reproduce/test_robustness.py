import keras
import numpy as np
import pytest

from nodes_unet.data.preprocessing import Preprocessing
from reproduce.robustness import robustness

CLASSES = ("background", "white", "red")


@pytest.fixture
def by_colour():
    """A network that tells the discs' classes by their green and blue channels, and nothing else."""
    image = keras.Input((None, None, 3))
    green, blue = image[..., 1:2], image[..., 2:3]
    return keras.Model(image, keras.layers.Concatenate()([10 * (green - 0.65), blue - green, 0.18 + 0 * green]))


def test_level_zero_is_the_split_itself_and_a_dark_image_is_lost(by_colour, disc_dataset):
    levels = {"darken": [0.7], "noise": [1.0, 60.0]}
    table = robustness(by_colour, Preprocessing(None, None), disc_dataset.splits["test"], CLASSES, levels)
    assert table[["perturbation", "level"]].to_numpy().tolist() == [
        ["darken", 0.0],
        ["darken", 0.7],
        ["noise", 0.0],
        ["noise", 1.0],
        ["noise", 60.0],
    ]
    assert table.pa[0] == table.pa[2] == 1 and table.miou[0] == 1
    assert table.pa[1] < 0.6 and table.pa[4] < table.pa[3] == pytest.approx(1, abs=0.01)
    assert np.isfinite(table.miou).all()
