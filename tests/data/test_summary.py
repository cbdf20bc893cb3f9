"""A dataset in numbers, against counts made by hand."""

import json

import h5py
import numpy as np
import pytest

from nodes_unet.data.store import Dataset
from nodes_unet.data.summary import summarise
from nodes_unet.errors import InputError


def test_class_shares_sizes_and_groups_are_those_counted_by_hand(store, noise):
    first = np.array([[0, 0, 1, 1], [0, 0, 1, 2], [0, 0, 0, 0]], np.uint8)  # 8 background, 3 white, 1 red
    second = np.array([[1, 1], [1, 2]], np.uint8)  # 3 white, 1 red
    train = [
        noise(0, 3, 4, mask=first, group="x"),
        noise(1, 2, 2, mask=second, group="y"),
        noise(2, 2, 2, mask=second, group="x"),
    ]
    found = summarise(store(train, train[:1]))["splits"]
    assert found["train"] == {
        "images": 3,
        "groups": 2,
        "sizes": {"4x3": 1, "2x2": 2},
        "class shares": {"background": 0.4, "white": 0.45, "red": 0.15},
    }
    assert found["test"] == {
        "images": 1,
        "groups": 1,
        "sizes": {"4x3": 1},
        "class shares": {"background": 0.6667, "white": 0.25, "red": 0.0833},
    }


def test_instances_are_counted_image_by_image(store, noise):
    first = np.array([[0, 0, 7, 7], [9, 0, 7, 300]], np.uint16)
    second = np.array([[7, 7, 0, 0], [0, 0, 0, 0]], np.uint16)
    samples = [noise(number, 2, 4, mask=mask) for number, mask in enumerate((first, second))]
    found = summarise(store(samples, samples[1:]))["splits"]
    assert found["train"] == {"images": 2, "groups": 1, "sizes": {"4x2": 2}, "instances": 4}
    assert found["test"]["instances"] == 1


def test_a_split_without_a_single_instance_has_none(store, noise):
    empty = noise(0, mask=np.zeros((12, 16), np.uint16))
    found = summarise(store([noise(1, dtype=np.uint16)], [empty]))["splits"]["test"]
    assert found == {"images": 1, "groups": 1, "sizes": {"16x12": 1}, "instances": 0}


def test_kinds_of_images_are_counted_where_there_are_any(store, noise):
    dataset = store([noise(0, kind="manual"), noise(1), noise(2, kind="manual")], [noise(3)])
    found = summarise(dataset)["splits"]
    assert found["train"]["kinds"] == {"manual": 2, "others": 1}
    assert "kinds" not in found["test"]


def test_the_description_is_plain_and_can_be_written_as_json(store, noise):
    dataset = store([noise(0)], [noise(1)], [noise(2)], pixel_size=0.5, rules={"a": "b"})
    found = summarise(dataset)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["file"] == str(dataset.path)
    assert (found["name"], found["role"], found["licence"]) == ("noise", "proxy", "CC0-1.0")
    assert (found["pixel_size"], found["rules"], found["source"]) == (0.5, {"a": "b"}, "drawn by the tests")
    assert found["classes"] == ["background", "white", "red"]
    assert found["digest"] == dataset.digest
    assert list(found["splits"]) == ["train", "val", "test"]


def test_a_changed_file_is_not_summarised(noise_dataset):
    noise_dataset.file.close()
    with h5py.File(noise_dataset.path, "r+") as file:
        file["test/masks"][0, 0, 0] ^= 1
    with pytest.raises(InputError, match=r"noise\.h5 .*digest"):
        summarise(Dataset(noise_dataset.path))
