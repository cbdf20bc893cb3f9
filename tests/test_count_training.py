"""The count head learns to count discs, leaves the segmentation as it was, and comes back from its checkpoint."""

import keras
import numpy as np
import pytest

import nodes_unet
from nodes_unet.checkpoint import Description, save
from nodes_unet.count_training import Counted, CountFitting, mirrored, train_counts
from nodes_unet.data.preprocessing import Preprocessing

ARGUMENTS = {"input_shape": [32, 32, 3], "classes": 3, "filters": 8, "dropout": 0.0}


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
    model = nodes_unet.build("unet", **ARGUMENTS)
    save(model, Description("unet", ARGUMENTS, ("a", "b", "c"), Preprocessing(None, None)), tmp_path / "best.h5")
    return model, tmp_path / "best.h5"


def test_it_counts_far_better_than_the_mean_and_comes_back_from_its_checkpoint(segmentation, tmp_path):
    trunk, path = segmentation
    (x, y), (held_out, truth) = images(160, 0), images(32, 1)
    fitting = CountFitting(units=16, epochs=100, learning_rate=1e-2)
    model = train_counts(path, Counted(iter(x), y), Counted(iter(held_out), truth), fitting, tmp_path / "c.h5", seed=0)
    test, counts = images(32, 2)
    predicted = model.predict_on_batch(test)
    assert (np.abs(predicted - counts).mean(axis=0) < 0.5 * np.abs(y.mean(axis=0) - counts).mean(axis=0)).all()
    np.testing.assert_array_equal(nodes_unet.load(tmp_path / "c.h5").predict_on_batch(test), predicted)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "c.h5").predict_on_batch(test), predicted)
    kept = model.get_layer("scales").get_weights()
    for before, after in zip(trunk.get_weights(), kept, strict=False):
        np.testing.assert_array_equal(before, after)
    described = nodes_unet.read_description(tmp_path / "c.h5")
    assert described.network == "count_head" and 1 <= described.epoch <= 100
    standard = (truth - model.predict_on_batch(held_out)) / y.std(axis=0)
    assert described.val_loss == pytest.approx(np.mean(standard**2), rel=1e-3), "the weights of the best epoch"


def test_a_seed_repeats_and_constant_counts_do_no_harm(segmentation, tmp_path):
    _, path = segmentation
    x, y = images(8, 0)
    y[:, 1] = 3
    one, other = (
        train_counts(path, Counted(iter(x), y), Counted(iter(x), y), CountFitting(epochs=2), tmp_path / name, seed=4)
        for name in ("one.h5", "other.h5")
    )
    np.testing.assert_array_equal(one.predict_on_batch(x), other.predict_on_batch(x))
    assert np.isfinite(one.predict_on_batch(x)).all()


def test_mirror_images_have_the_counts_of_the_image():
    images = np.arange(12, dtype=np.float32).reshape(2, 2, 3, 1)
    known = mirrored(Counted(images, np.array([[1, 2], [3, 4]])))
    found = [image[..., 0].tolist() for image in known.images]
    assert found[:4] == [[[0, 1, 2], [3, 4, 5]], [[2, 1, 0], [5, 4, 3]], [[3, 4, 5], [0, 1, 2]], [[5, 4, 3], [2, 1, 0]]]
    assert len(found) == len(known.counts) == 8
    assert known.counts[3:5].tolist() == [[1, 2], [3, 4]]
