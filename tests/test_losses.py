import keras
import numpy as np
import pytest

from nodes_unet import InputError
from nodes_unet.losses import loss

LABELS = np.array([[[0, 2]]], np.uint8)
PROBABILITIES = np.array([[[[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]]]], np.float32)


def test_categorical_cross_entropy_by_hand():
    expected = -(np.log(0.7) + np.log(0.5)) / 2
    assert float(loss("categorical_cross_entropy", 3)(LABELS, PROBABILITIES)) == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_of_equation_7_by_hand():
    one_hot = np.eye(3)[LABELS]
    expected = -np.mean(one_hot * np.log(PROBABILITIES) + (1 - one_hot) * np.log(1 - PROBABILITIES))
    assert float(loss("binary_cross_entropy", 3)(LABELS, PROBABILITIES)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "binary_cross_entropy"])
def test_the_right_labels_have_the_lowest_loss(name):
    function = loss(name, 3)
    right = float(function(LABELS, keras.ops.one_hot(LABELS, 3)))
    assert right < float(function(LABELS, PROBABILITIES)) < float(function(1 - LABELS % 2, PROBABILITIES))


def test_an_unknown_loss_is_named():
    with pytest.raises(InputError, match="'hinge' is none of"):
        loss("hinge", 3)
