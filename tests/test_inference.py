from dataclasses import replace

import keras
import numpy as np
import pytest

import nodes_unet
from nodes_unet.checkpoint import Description
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.errors import InputError, SolverError
from nodes_unet.inference import instances, labelled, outputs, probabilities, seconds_for, segment
from nodes_unet.ode import ode_blocks


@pytest.fixture
def brightness():
    """A network that calls a pixel class 1 where its red channel is above a half."""
    image = keras.Input((None, None, 3))
    red = image[..., :1]
    return keras.Model(image, keras.layers.Concatenate()([1 - red, red]))


def halves(height, width):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :] = 255
    return image


def test_labels_have_the_images_own_size_and_place(brightness):
    image = halves(30, 80)
    labels = segment(brightness, Preprocessing((16, 32), clahe_clip=None), image)
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, image[..., 0] > 0)


def test_probabilities_at_the_images_size_are_the_networks(brightness):
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    predicted = probabilities(brightness, Preprocessing(clahe_clip=None), image)
    np.testing.assert_allclose(predicted[..., 1], image[..., 0] / 255, atol=1e-6)


def test_one_class_keeps_its_axis():
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, image[..., :1])
    assert probabilities(model, Preprocessing((16, 16), None), halves(20, 24)).shape == (20, 24, 1)


def test_every_pass_sees_every_image_and_the_median_counts(brightness, monkeypatch):
    shown = []
    predict = brightness.predict_on_batch
    monkeypatch.setattr(brightness, "predict_on_batch", lambda x: shown.append(float(x[0, 0, 0, 0])) or predict(x))
    seconds = seconds_for(brightness, [np.full((16, 16, 3), value, np.float32) for value in (0.1, 0.2)], 3, 2)
    assert shown == pytest.approx([0.1] + [0.1, 0.2, 0.1] * 2)
    assert seconds > 0


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_an_error_and_no_empty_image(number):
    description = Description("c_resunet", {"filters": 2}, ("background", "cell"), Preprocessing(clahe_clip=None))
    description = replace(description, thresholds={"cell": 0.5}, post_processing={"watershed": True})
    model = nodes_unet.build("c_resunet", filters=2)
    assert instances(model, description, halves(32, 32)).shape == (32, 32)
    kernel, *others = model.get_weights()
    model.set_weights([np.full_like(kernel, number), *others])
    with pytest.raises(InputError, match="not finite"):
        instances(model, description, halves(32, 32))


def test_a_failed_solve_is_an_error_and_no_segmentation():
    arguments = {"position": 1, "tolerance": 1e-12, "max_num_steps": 1, "filters": 2, "input_shape": (16, 16, 3)}
    model = nodes_unet.build("ode_unet", **arguments)
    assert np.isfinite(model.predict_on_batch(np.ones((1, 16, 16, 3), np.float32))).all()
    with pytest.raises(SolverError, match="the solve of stage1_ode failed"):
        segment(model, Preprocessing((16, 16), clahe_clip=None), halves(16, 16))


def test_a_solve_that_failed_before_the_last_one_of_a_batch_is_an_error_too(monkeypatch):
    model = nodes_unet.build("ode_unet", position=1, filters=2, input_shape=(16, 16, 3))
    (block,) = ode_blocks(model)
    failures = iter([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])  # of the solves of each batch
    monkeypatch.setattr(
        model, "predict_on_batch", lambda _: [block.failed_solves.update_state(f) for f in next(failures)]
    )
    outputs(model, None)
    with pytest.raises(SolverError, match="the solve of stage1_ode failed"):
        outputs(model, None)
    outputs(model, None)


def test_one_class_is_where_its_probability_reaches_the_threshold():
    image = keras.Input((16, 16, 3))
    model, preprocessing = keras.Model(image, image[..., :1]), Preprocessing((16, 16), None)
    grey = np.full((16, 16, 3), 102, np.uint8)  # 0.4
    for threshold, label in ((0.39, 1), (0.41, 0)):
        labels = segment(model, preprocessing, grey, threshold)
        assert labels.dtype == np.uint8
        assert (labels == label).all()


@pytest.fixture
def red_channel():
    """A network for which the red channel is the probability of a cell."""
    image = keras.Input((None, None, 3))
    return keras.Model(image, image[..., :1])


def three_squares():
    """A large one, a dim one and a small one of 10 x 10 pixels."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[8:40, 8:40], image[8:40, 56:88], image[50:60, 10:20] = 255, 128, 255
    return image


@pytest.mark.parametrize(
    ("threshold", "smallest", "number"), [(0.4, 50, 3), (0.6, 50, 2), (0.4, 150, 2), (0.6, 150, 1), (0.4, 2000, 0)]
)
def test_objects_are_found_as_the_checkpoint_says(red_channel, threshold, smallest, number):
    processed = Preprocessing(clahe_clip=None)
    steps = {"watershed": False, "smallest": smallest}
    described = Description("c_resunet", {}, ("background", "cell"), processed, {"cell": threshold}, steps)
    found = instances(red_channel, described, three_squares())
    assert found.shape == (64, 96) and found.dtype == np.int32
    assert found.max() == number


@pytest.mark.parametrize(("thresholds", "steps"), [({"cell": 0.5}, {}), ({}, {"smallest": 50})])
def test_a_checkpoint_that_finds_no_objects_is_refused(red_channel, thresholds, steps):
    described = Description("unet", {}, ("background", "cell"), Preprocessing(clahe_clip=None), thresholds, steps)
    with pytest.raises(InputError, match="the checkpoint does not say how objects are found"):
        instances(red_channel, described, three_squares())


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (np.zeros((16, 16), np.uint8), r"\(16, 16\) of uint8"),
        (np.zeros((16, 16, 4), np.uint8), r"\(16, 16, 4\) of uint8"),
        (np.zeros((16, 16, 3), np.float32), r"\(16, 16, 3\) of float32"),
        (None, "NoneType"),
    ],
)
def test_an_image_of_another_kind_is_refused(brightness, image, kind):
    with pytest.raises(InputError, match=rf"an image is \(H, W, 3\) uint8 RGB, not {kind}"):
        segment(brightness, Preprocessing((16, 16), clahe_clip=None), image)


def test_an_image_too_small_for_the_network_is_refused():
    model = nodes_unet.build("c_resunet", input_shape=(None, None, 3), classes=1, filters=2)
    plain = Preprocessing(clahe_clip=None)
    assert probabilities(model, plain, np.zeros((4, 9, 3), np.uint8)).shape == (4, 9, 1)
    with pytest.raises(InputError, match="the image has 9 x 3 pixels, this network takes 4 x 4 and more"):
        segment(model, plain, np.zeros((3, 9, 3), np.uint8))


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(InputError, match=r"a threshold is a number, not \{'cell': 0.5\}: give that"):
        labelled(np.zeros((4, 4, 1), np.float32), {"cell": 0.5})
