"""Synthetic data sets: as many images as asked for, the same ones again, no smear on both sides."""

import numpy as np
import pytest

from nodes_unet.data.fluorescence import brain_slice
from nodes_unet.data.neuron import neural_cells
from nodes_unet.data.smear import CLASSES, SMEAR_SHAPE, blood_smear
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.data.synthetic import neuron_source, slice_source, smear_source
from nodes_unet.errors import InputError


def read(source):
    return {split: list(samples()) for split, samples in source.splits.items()}


@pytest.fixture(scope="module")
def crops():
    return read(smear_source(13, 7, seed=3))


@pytest.fixture(scope="module")
def smears():
    return read(smear_source(3, 2, seed=3, whole=True))


def test_there_are_as_many_crops_as_asked_for(crops):
    assert {split: len(samples) for split, samples in crops.items()} == {"train": 13, "test": 7}
    for sample in (*crops["train"], *crops["test"]):
        assert (sample.image.shape, sample.image.dtype) == ((256, 256, 3), np.uint8)
        assert (sample.mask.shape, sample.mask.dtype) == ((256, 256), np.uint8)


@pytest.mark.parametrize("count", [1, 6, 12])
def test_whole_smears_of_crops_and_parts_of_them_are_complete(count):
    assert len(list(smear_source(count, 1).splits["train"]())) == count


def test_the_source_says_that_it_is_synthetic():
    for whole, name in ((False, "synthetic-crops"), (True, "synthetic-smears")):
        source = smear_source(1, 1, seed=9, whole=whole)
        assert (source.role, source.classes, source.name) == ("synthetic", CLASSES, name)
        assert (source.licence, source.pixel_size) == ("CC0-1.0", None)
        assert "seed 9" in source.origin


def test_ids_are_unique_and_the_group_is_the_smear(crops):
    ids = [sample.id for samples in crops.values() for sample in samples]
    assert len(set(ids)) == 20
    groups = [sample.group for sample in crops["train"]]
    assert [groups.count(group) for group in dict.fromkeys(groups)] == [6, 6, 1]


def test_no_smear_gives_images_to_both_splits(crops):
    train, test = ({sample.group for sample in crops[split]} for split in ("train", "test"))
    assert train.isdisjoint(test)
    pictures = [sample.image.tobytes() for samples in crops.values() for sample in samples]
    assert len(set(pictures)) == len(pictures)


def test_whole_smears_have_the_size_of_the_papers(smears):
    assert {split: len(samples) for split, samples in smears.items()} == {"train": 3, "test": 2}
    for samples in smears.values():
        for sample in samples:
            assert sample.mask.shape == SMEAR_SHAPE
            assert sample.image.shape == (*SMEAR_SHAPE, 3)
            assert sample.id == sample.group


@pytest.mark.parametrize("split", ["train", "test"])
def test_crops_are_the_windows_of_the_whole_smears(crops, smears, split):
    windows = [(slice(top, top + 256), slice(left, left + 256)) for top in (0, 256) for left in (0, 256, 512)]
    for number, crop in enumerate(crops[split]):
        smear = smears[split][number // 6]
        assert crop.group == smear.group
        np.testing.assert_array_equal(crop.image, smear.image[windows[number % 6]])
        np.testing.assert_array_equal(crop.mask, smear.mask[windows[number % 6]])


def test_the_smears_are_those_of_the_generator(smears):
    known = blood_smear([3, 0, 1])
    np.testing.assert_array_equal(smears["train"][1].image, known.image)
    np.testing.assert_array_equal(smears["train"][1].mask, known.mask)


def test_counts_are_those_of_the_cells_that_show(crops, smears):
    known = blood_smear([3, 0, 1])
    for sample, instances in ((smears["train"][1], known.instances), (crops["train"][6], known.instances[:256, :256])):
        of_cell = {cell: known.mask[known.instances == cell][0] for cell in np.unique(instances) if cell}
        assert sample.counts == tuple(list(of_cell.values()).count(label) for label in (1, 2))
    assert sum(smears["train"][1].counts) == known.instances.max() > 40


def test_a_seed_decides_the_digest(tmp_path):
    digests = []
    for number, seed in enumerate((3, 3, 4)):
        write_dataset(tmp_path / f"{number}.h5", smear_source(7, 2, seed=seed))
        digests.append(Dataset(tmp_path / f"{number}.h5").digest)
    assert digests[0] == digests[1] != digests[2]


def test_more_images_begin_with_the_same_ones(crops):
    for few, many in zip(smear_source(4, 1, seed=3).splits["train"](), crops["train"], strict=False):
        assert few.id == many.id
        np.testing.assert_array_equal(few.image, many.image)


def test_an_empty_split_is_refused_by_the_store(tmp_path):
    with pytest.raises(InputError, match="no image in its test split"):
        write_dataset(tmp_path / "out.h5", smear_source(1, 0))
    assert list(tmp_path.iterdir()) == []


def test_neurons_are_instances_with_their_number():
    source = neuron_source(2, 1, seed=4)
    assert (source.role, source.classes, source.name) == ("synthetic", ("background", "neuron"), "synthetic-neurons")
    samples = read(source)
    assert {split: len(images) for split, images in samples.items()} == {"train": 2, "test": 1}
    for sample in (*samples["train"], *samples["test"]):
        assert (sample.image.shape, sample.mask.dtype) == ((520, 704, 3), np.uint16)
        assert sample.counts == (len(np.unique(sample.mask)) - 1,)
    pictures = {sample.image.tobytes() for images in samples.values() for sample in images}
    assert len(pictures) == len({sample.group for images in samples.values() for sample in images}) == 3
    np.testing.assert_array_equal(samples["train"][1].image, neural_cells([4, 0, 1]).image)


def test_fields_of_neurons_have_the_size_asked_for():
    (sample,) = read(neuron_source(1, 0, seed=4, shape=[160, 200]))["train"]
    np.testing.assert_array_equal(sample.image, neural_cells([4, 0, 0], (160, 200)).image)
    assert sample.mask.shape == (160, 200)


def test_slices_are_instances_with_their_number_and_tell_stripes_apart():
    source = slice_source(12, 1, seed=4, shape=(160, 200))
    samples = read(source)
    assert (source.role, source.classes, len(samples["train"])) == ("synthetic", ("background", "cell"), 12)
    for number, sample in enumerate(samples["train"]):
        drawn = brain_slice([4, 0, number], (160, 200))
        np.testing.assert_array_equal(sample.image, drawn.image)
        np.testing.assert_array_equal(sample.mask, drawn.instances)
        assert sample.counts == (len(np.unique(sample.mask[sample.mask > 0])),)
        assert sample.kind == ("artefact" if drawn.artefacts.any() else "")
    assert {sample.kind for sample in samples["train"]} == {"", "artefact"}
