import keras
import numpy as np
import pytest
import tensorflow as tf

from nodes_unet import InputError
from nodes_unet.losses import loss, soft_dice

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


# one image of two cell pixels and two of background, and one without cells
BINARY = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 0]]], np.uint8)
FOUND = np.array([[[0.9, 0.6], [0.2, 0.1]], [[0.5, 0.1], [0.1, 0.1]]], np.float32)[..., None]
# (2 sum(y a) + 1) / (sum(y) + sum(a) + 1)
OVERLAPS = np.array([(2 * 1.5 + 1) / (2 + 1.8 + 1), 1 / (0.8 + 1)])


def cross_entropies(beta):
    truth, found = BINARY, FOUND[..., 0]
    return -(beta * truth * np.log(found) + (1 - beta) * (1 - truth) * np.log(1 - found)).mean(axis=(1, 2))


def test_binary_cross_entropy_of_one_class_by_hand():
    found = float(loss("binary_cross_entropy", 1)(BINARY, FOUND))
    assert found == pytest.approx(2 * cross_entropies(0.5).mean(), rel=1e-4)


def test_dice_by_hand():
    assert float(loss("dice", 1)(BINARY, FOUND)) == pytest.approx(1 - OVERLAPS.mean(), rel=1e-5)
    np.testing.assert_allclose(soft_dice(BINARY, keras.ops.convert_to_tensor(FOUND)), OVERLAPS, rtol=1e-5)


@pytest.mark.parametrize("beta", [0.5, 0.8])
def test_weighted_cross_entropy_by_hand(beta):
    found = float(loss("weighted_binary_cross_entropy", 1, beta=beta)(BINARY, FOUND))
    assert found == pytest.approx(cross_entropies(beta).mean(), rel=1e-4)


def test_half_of_keras_binary_cross_entropy_is_the_one_with_equal_weights():
    found = float(loss("weighted_binary_cross_entropy", 1)(BINARY, FOUND))
    assert found == pytest.approx(float(keras.losses.BinaryCrossentropy()(BINARY[..., None], FOUND)) / 2, rel=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (0.2, 0.7)])
def test_combo_by_hand(alpha, beta):
    expected = (alpha * cross_entropies(beta) - (1 - alpha) * OVERLAPS).mean()
    assert float(loss("combo", 1, alpha=alpha, beta=beta)(BINARY, FOUND)) == pytest.approx(expected, rel=1e-4)


def test_the_printed_equations_by_hand():
    truth, found = BINARY, FOUND[..., 0]
    terms = 0.6 * (truth - np.log(found)) + 0.4 * (1 - truth) * np.log(1 - found)
    expected = (-0.3 * terms.mean(axis=(1, 2)) - 0.7 * (1 - OVERLAPS)).mean()
    assert float(loss("combo_as_printed", 1, alpha=0.3, beta=0.6)(BINARY, FOUND)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["dice", "weighted_binary_cross_entropy", "combo"])
def test_the_right_mask_has_the_lowest_loss_and_its_gradient_is_finite_at_certainty(name):
    function, certain = loss(name, 1), tf.constant(BINARY[..., None], tf.float32)
    assert float(function(BINARY, certain)) < float(function(BINARY, FOUND)) < float(function(BINARY, 1 - certain))
    with tf.GradientTape() as tape:
        tape.watch(certain)
        value = function(BINARY, 1 - certain)
    assert np.isfinite(tape.gradient(value, certain)).all()


def test_the_printed_equations_reward_a_mask_that_does_not_overlap():
    function, certain = loss("combo_as_printed", 1, alpha=0.0), BINARY[..., None].astype(np.float32)
    assert float(function(BINARY, 1 - certain)) < float(function(BINARY, certain))


def test_an_option_that_a_loss_does_not_have_and_several_classes_are_named():
    with pytest.raises(InputError, match=r"loss dice: .*'beta'"):
        loss("dice", 1, beta=0.5)
    with pytest.raises(InputError, match="for one class and a sigmoid, not for 3 classes"):
        loss("combo", 3)
