"""The count head learns to count dots, leaves the segmentation as it was, and comes back from its checkpoint."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import nodes_unet
from nodes_unet.checkpoint import Description, save
from nodes_unet.count_training import train_counts
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.errors import SolverError

ARGUMENTS = {"input_shape": [32, 32, 3], "classes": 3, "filters": 8, "dropout": 0.0}
PENALTIES = (1e-6, 1e-4, 1e-2, 1.0)


def images(count, seed):
    """Images with so many bright and dark dots, and these numbers."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 9, (count, 2))
    drawn = np.full((count, 32, 32, 3), 0.5, np.float32)
    for image, (bright, dark) in zip(drawn, counts, strict=True):
        places = random.permutation(256)[: bright + dark]
        for number, place in enumerate(places):
            y, x = 2 * (place // 16), 2 * (place % 16)
            image[y : y + 2, x : x + 2] = 1.0 if number < bright else 0.0
    return drawn, counts


@pytest.fixture
def segmentation(tmp_path):
    keras.utils.set_random_seed(0)
    model = nodes_unet.build("unet", **ARGUMENTS)
    save(model, Description("unet", ARGUMENTS, ("a", "b", "c"), Preprocessing(None, None)), tmp_path / "best.h5")
    return model, tmp_path / "best.h5"


def test_it_counts_far_better_than_the_mean_and_comes_back_from_its_checkpoint(segmentation, tmp_path):
    trunk, path = segmentation
    x, y = images(160, 0)
    model, _ = train_counts(path, iter(x), y, PENALTIES, tmp_path / "c.h5")
    test, counts = images(32, 2)
    predicted = model.predict_on_batch(test)
    assert (np.abs(predicted - counts).mean(axis=0) < 0.5 * np.abs(y.mean(axis=0) - counts).mean(axis=0)).all()
    np.testing.assert_array_equal(nodes_unet.load(tmp_path / "c.h5").predict_on_batch(test), predicted)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "c.h5").predict_on_batch(test), predicted)
    kept = model.get_layer("scales").get_weights()
    for before, after in zip(trunk.get_weights(), kept, strict=False):
        np.testing.assert_array_equal(before, after)
    assert nodes_unet.read_description(tmp_path / "c.h5").network == "count_head"


def test_a_failed_solve_is_an_error_though_pooling_hides_its_nan(tmp_path):
    arguments = ARGUMENTS | {"position": 1, "tolerance": 1e-12, "max_num_steps": 1}
    model = nodes_unet.build("ode_unet", **arguments)
    save(model, Description("ode_unet", arguments, ("a", "b", "c"), Preprocessing(None, None)), tmp_path / "best.h5")
    with pytest.raises(SolverError, match="the solve of stage1_ode failed"):
        train_counts(tmp_path / "best.h5", *images(4, 0), PENALTIES, tmp_path / "c.h5")
    assert not (tmp_path / "c.h5").exists()


def test_it_is_the_ridge_regression_whose_penalty_errs_least_where_one_image_is_left_out(segmentation, tmp_path):
    _, path = segmentation
    x, y = images(24, 0)
    model, chosen = train_counts(path, iter(x), y, PENALTIES, tmp_path / "c.h5")
    means = np.concatenate(model.get_layer("scales").predict_on_batch(x), axis=1).astype(float)
    means /= np.sqrt(means.var(axis=0).sum())
    for number, penalty in enumerate(chosen):
        errors = [left_out_error(means, y[:, number], each) for each in PENALTIES]
        assert penalty == PENALTIES[int(np.argmin(errors))]
        expected = Ridge(penalty).fit(means, y[:, number]).predict(means)
        np.testing.assert_allclose(model.predict_on_batch(x)[:, number], expected, atol=0.02)


def test_one_class_can_be_counted_too(segmentation, tmp_path):
    _, path = segmentation
    x, y = images(24, 0)
    both, chosen_of_both = train_counts(path, iter(x), y, PENALTIES, tmp_path / "both.h5")
    one, chosen = train_counts(path, iter(x), y[:, :1], PENALTIES, tmp_path / "one.h5")
    assert chosen.tolist() == chosen_of_both[:1].tolist()
    np.testing.assert_allclose(one.predict_on_batch(x), both.predict_on_batch(x)[:, :1], atol=1e-4)


def left_out_error(means, counts, penalty):
    left_out = np.eye(len(counts), dtype=bool)
    fits = (
        Ridge(penalty).fit(means[~image], counts[~image]).predict(means[image]) - counts[image] for image in left_out
    )
    return sum(float(abs(error[0])) for error in fits)


def test_constant_counts_and_equal_images_do_no_harm(segmentation, tmp_path):
    _, path = segmentation
    x, y = images(8, 0)
    y[:, 1] = 3
    model, _ = train_counts(path, iter(x), y, PENALTIES, tmp_path / "one.h5")
    np.testing.assert_allclose(model.predict_on_batch(x)[:, 1], 3, rtol=1e-4)
    model, _ = train_counts(path, iter(x[:1].repeat(8, axis=0)), y, PENALTIES, tmp_path / "other.h5")
    np.testing.assert_allclose(model.predict_on_batch(x[:1])[0], y.mean(axis=0), rtol=1e-4)
