"""Batches: every item once, the same ones at the same place of any run, and never more in memory than needed."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies
from nodes_unet.losses import loss

PLAIN = Preprocessing(clahe_clip=None)


def itself(image, mask, index, copy):
    return image, mask


def marked(image, mask, index, copy):
    """An image and a mask that tell their numbers."""
    return np.full_like(image, index), np.full_like(mask, copy)


def markers(images, labels):
    """The items (image number, copy number) of a marked batch."""
    return list(zip(np.rint(images[:, 0, 0, 0] * 255).astype(int).tolist(), labels[:, 0, 0].tolist(), strict=True))


@pytest.fixture
def train(disc_dataset):
    """Sixteen images of 32x32."""
    return disc_dataset.splits["train"]


def epoch(batches):
    return [item for number in range(batches.num_batches) for item in markers(*batches[number])]


@pytest.mark.parametrize("batch_size", [1, 5, 8, 48, 100])
def test_an_epoch_in_order_holds_every_item_once(train, batch_size):
    batches = Batches(train, all_copies(range(16), 3), batch_size, PLAIN, marked)
    assert epoch(batches) == [(image, copy) for image in range(16) for copy in range(3)]
    assert batches.num_batches == -(-48 // batch_size)


@pytest.mark.parametrize(("batch_size", "left_out"), [(1, 0), (5, 3), (8, 0), (47, 1), (48, 0), (100, 0)])
def test_a_shuffled_epoch_leaves_out_only_the_incomplete_batch(train, batch_size, left_out):
    items = all_copies(range(16), 3)
    batches = Batches(train, items, batch_size, PLAIN, marked, seed=7)
    seen = epoch(batches)
    assert len(seen) == len(set(seen)) == 48 - left_out
    assert set(seen) <= set(map(tuple, items.tolist()))
    assert all(len(batches[number][0]) == min(batch_size, 48) for number in range(batches.num_batches))


def test_every_item_has_its_turn_within_a_few_shuffled_epochs(train):
    batches = Batches(train, all_copies(range(16), 1), 5, PLAIN, marked, seed=7)
    seen = set()
    for batches.epoch in range(10):
        seen.update(epoch(batches))
    assert len(seen) == 16


def test_a_batch_depends_on_seed_epoch_and_number_alone(train):
    def fresh(seed=3):
        augment = Augmenter(Augmentation(), 11)
        return Batches(train, all_copies(range(16), 4), 6, Preprocessing(), augment, seed=seed)

    whole = fresh()
    expected = {}
    for whole.epoch in range(3):
        for number in range(whole.num_batches):
            expected[whole.epoch, number] = whole[number]
    resumed = fresh()
    for place in np.random.default_rng(0).permutation(list(expected))[:12]:
        resumed.epoch, number = place
        for found, known in zip(resumed[number], expected[tuple(place)], strict=True):
            np.testing.assert_array_equal(found, known)
    assert not np.array_equal(fresh(seed=4)[0][0], expected[0, 0][0])


def test_each_epoch_and_each_seed_has_another_order(train):
    orders = []
    for seed in (0, 1):
        batches = Batches(train, all_copies(range(16), 1), 4, PLAIN, marked, seed=seed)
        for batches.epoch in range(3):
            orders.append(tuple(epoch(batches)))
    assert len(set(orders)) == 6
    assert tuple((number, 0) for number in range(16)) not in orders


def test_a_stream_gives_the_batches_of_the_present_epoch_untuned(train):
    batches = Batches(train, all_copies(range(16), 1), 5, PLAIN, marked, seed=7)
    stream = batches.stream()
    assert stream.options().autotune.enabled is False
    for batches.epoch in range(2):
        streamed = [item for batch in stream.as_numpy_iterator() for item in markers(*batch)]
        assert streamed == epoch(batches)
    assert len(stream) == batches.num_batches == 3
    assert stream.element_spec[0].shape.as_list() == [None, 32, 32, 3]


def test_without_a_seed_the_epoch_changes_nothing(train):
    batches = Batches(train, all_copies(range(16), 1), 5, PLAIN, marked)
    first = epoch(batches)
    batches.epoch = 5
    assert epoch(batches) == first


def test_a_batch_holds_the_images_as_fractions_and_the_masks_as_they_are(train):
    images, labels = Batches(train, np.array([[3, 0], [0, 0]]), 2, PLAIN, itself)[0]
    assert (images.dtype, images.shape) == (np.float32, (2, 32, 32, 3))
    assert (labels.dtype, labels.shape) == (np.uint8, (2, 32, 32))
    for place, number in enumerate((3, 0)):
        np.testing.assert_array_equal(np.rint(images[place] * 255), train[number].image)
        np.testing.assert_allclose(images[place], train[number].image / 255, atol=1e-7)
        np.testing.assert_array_equal(labels[place], train[number].mask)


def test_0_and_255_become_exactly_0_and_1(train):
    def extremes(image, mask, index, copy):
        return np.where(mask[..., None] > 0, 255, np.zeros_like(image)).astype(np.uint8), mask

    images, labels = Batches(train, np.array([[0, 0]]), 1, PLAIN, extremes)[0]
    assert np.unique(images).tolist() == [0, 1]
    np.testing.assert_array_equal(images[..., 0] == 1, labels > 0)


def test_images_are_resized_before_they_are_augmented_and_equalised_afterwards(train):
    def brighter(image, mask, index, copy):
        assert image.shape == (24, 40, 3)
        return cv2.add(image, np.full_like(image, 9)), mask

    preprocessing = Preprocessing(size=(24, 40), clahe_clip=3.0, clahe_grid=4)
    images, labels = Batches(train, np.array([[2, 0]]), 1, preprocessing, brighter)[0]
    resized = cv2.resize(train[2].image, (40, 24), interpolation=cv2.INTER_AREA)
    expected = preprocessing.equalise(cv2.add(resized, np.full_like(resized, 9)))
    np.testing.assert_array_equal(np.rint(images[0] * 255), expected)
    assert labels.shape == (1, 24, 40)
    assert np.unique(labels).tolist() == [0, 1, 2]


def test_copy_0_is_the_image_itself_and_further_copies_are_those_of_the_augmenter(train):
    augmenter = Augmenter(Augmentation(), 5)
    images, labels = Batches(train, np.array([[4, 0], [4, 1], [4, 2]]), 3, PLAIN, Augmenter(Augmentation(), 5))[0]
    np.testing.assert_array_equal(np.rint(images[0] * 255), train[4].image)
    for copy in (0, 1, 2):
        image, mask = augmenter(train[4].image, train[4].mask, 4, copy)
        np.testing.assert_array_equal(np.rint(images[copy] * 255), image)
        np.testing.assert_array_equal(labels[copy], mask)
    assert not np.array_equal(images[1], images[2])


def test_augmented_images_that_are_not_square_fit_into_one_batch(train):
    augmenter = Augmenter(Augmentation(), 5)
    batches = Batches(train, all_copies(range(4), 5), 20, Preprocessing(size=(24, 40)), augmenter)
    images, labels = batches[0]
    assert images.shape == (20, 24, 40, 3)
    assert labels.shape == (20, 24, 40)


def test_the_head_is_the_first_batches(train):
    batches = Batches(train, all_copies(range(16), 2), 5, PLAIN, marked)
    head = batches.head(2)
    assert head.num_batches == 2
    assert epoch(head) == epoch(batches)[:10]
    assert epoch(batches.head(100)) == epoch(batches)
    assert batches.num_batches == 7


def test_keras_is_fed_every_item_once(train):
    """What Keras' own loop asks for is what the batches hold."""
    import keras

    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, inputs)
    predicted = model.predict(Batches(train, all_copies(range(16), 1), 6, PLAIN, marked).stream(), verbose=0)
    assert np.rint(predicted[:, 0, 0, 0] * 255).astype(int).tolist() == list(range(16))


def test_weights_reach_the_loss(train):
    """The weighted mean of the cross-entropy, computed again with NumPy."""
    import keras

    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, inputs[..., :1])
    model.compile(loss=loss("binary_cross_entropy", 1))
    rising = np.arange(32 * 32, dtype=np.float32).reshape(32, 32)
    batches = Batches(train, all_copies(range(16), 1), 8, PLAIN, itself, weights=lambda mask: mask + rising)
    expected = []
    for images, labels, weights in (batches[0], batches[1]):
        sure = np.clip(images[..., 0].astype(float), 1e-7, 1 - 1e-7)
        expected.append(-(weights * np.where(labels, np.log(sure), np.log(1 - sure))).mean())
    assert model.evaluate(batches.stream(), verbose=0) == pytest.approx(np.mean(expected), rel=1e-4)


STREAM = """
import json, sys

import cv2
import keras
import numpy as np
from nodes_unet.data.augmentation import Augmentation, Augmenter
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.profiling import peak_memory

def peak():
    return peak_memory() / 2**20

def crops(count):
    stripes = np.add.outer(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    for number in range(count):
        image = np.stack([np.roll(stripes, number + shift, axis=0) for shift in (0, 80, 160)], axis=-1)
        yield Sample(str(number), str(number), image, image[..., 0] // 86)

cv2.setNumThreads(1)
splits = {"train": lambda: crops(1200), "test": lambda: crops(6)}
source = Source("crops", ("background", "white", "red"), "synthetic", "drawn by the tests", "CC0-1.0", splits)
imported = peak()
write_dataset(sys.argv[1], source)
written = peak()
split = Dataset(sys.argv[1]).splits["train"]
batches = Batches(split, all_copies(range(len(split)), 1), 8, Preprocessing(), Augmenter(Augmentation(), 0), seed=0)
pixels = sum(batches[number][0].size for number in range(batches.num_batches))
print(json.dumps({"pixels": pixels, "imported": imported, "written": written, "streamed": peak()}))
"""


def test_a_dataset_larger_than_the_memory_it_takes_is_written_and_streamed(tmp_path):
    """1,200 crops: 0.3 GB as stored pixels and 0.9 GB as the network's input; neither may pile up."""
    (tmp_path / "stream.py").write_text(STREAM)
    done = subprocess.run(
        [sys.executable, tmp_path / "stream.py", tmp_path / "crops.h5"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pixels"] == 1200 * 256 * 256 * 3
    assert found["streamed"] < 1536, f"peak memory in MB: {found}"
    assert found["streamed"] - found["imported"] < 256, f"peak memory in MB: {found}"


def test_weights_are_made_of_masks_and_labels_are_then_1_on_objects(train):
    given = train, all_copies(range(4), 2), 4, PLAIN, lambda image, mask, *_: (image, 3 * mask)
    bare, batches = Batches(*given), Batches(*given, weights=lambda mask: mask + np.float32(0.5))
    for batch in (batches[1], batches.head(2)[1]):
        _, labels, weights = batch
        assert (labels.dtype, weights.dtype) == (np.uint8, np.float32)
        np.testing.assert_array_equal(weights, bare[1][1] + 0.5)
        np.testing.assert_array_equal(labels, bare[1][1] > 0)
    assert bare[1][1].max() > 1
    parted = Batches(*given, weights=lambda mask: mask + np.float32(0.5), separate=lambda mask: mask * (mask != 3))
    np.testing.assert_array_equal(parted[1][1], bare[1][1] == 6)
    np.testing.assert_array_equal(parted[1][2], np.where(bare[1][1] == 6, 6.5, 0.5))
    assert len(Batches(train, all_copies(range(4), 2), 4, PLAIN, marked)[0]) == 2
