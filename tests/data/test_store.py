"""The dataset store: what goes in comes out, damage is noticed, and a file is complete or absent."""

import hashlib
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.errors import InputError


def run(script, *arguments, timeout=120):
    """Runs a script in a fresh process; returns what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", script, *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def assert_same(split, samples):
    """Asserts that a split holds exactly these samples."""
    assert (split.ids, split.groups) == (tuple(s.id for s in samples), tuple(s.group for s in samples))
    assert len(split) == len(samples)
    for read, written in zip(split, samples, strict=True):
        assert (read.id, read.group) == (written.id, written.group)
        for got, put in ((read.image, written.image), (read.mask, written.mask)):
            assert got.dtype == put.dtype
            np.testing.assert_array_equal(got, put)


def test_equal_sizes_come_back_as_written(store, noise):
    train, test = [noise(number) for number in range(5)], [noise(10)]
    dataset = store(train, test)
    assert_same(dataset.splits["train"], train)
    assert_same(dataset.splits["test"], test)
    assert list(dataset.splits) == ["train", "test"]
    dataset.verify()


def test_counts_come_back_where_the_source_knows_them(store, noise):
    train = [noise(number, counts=(number, 70_000)) for number in range(3)]
    dataset = store(train, [noise(10)])
    assert [sample.counts for sample in dataset.splits["train"]] == [(0, 70_000), (1, 70_000), (2, 70_000)]
    assert dataset.splits["train"].of([0, 1]).counts.tolist() == [[0, 70_000], [1, 70_000]]
    assert dataset.splits["test"].counts is dataset.splits["test"][0].counts is None
    dataset.verify()


def test_a_later_image_of_another_size_leaves_the_first_ones_intact(store, noise):
    train = [noise(0), noise(1), noise(2, 7, 30), noise(3), noise(4, 30, 7)]
    dataset = store(train, [noise(10)])
    assert_same(dataset.splits["train"], train)
    dataset.verify()


SAMPLES = st.lists(
    st.tuples(st.sampled_from([(4, 4), (4, 6), (6, 4)]), st.sampled_from([np.uint8, np.uint16])), min_size=1, max_size=6
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=SAMPLES)
def test_any_order_of_sizes_and_kinds_of_masks_comes_back(tmp_path, source_of, noise, shapes):
    train = [noise(number, *size, dtype) for number, (size, dtype) in enumerate(shapes)]
    write_dataset(tmp_path / "any.h5", source_of(train, train[:1]))
    dataset = Dataset(tmp_path / "any.h5")
    assert_same(dataset.splits["train"], train)
    dataset.verify()


def test_instance_masks_keep_numbers_beyond_the_classes_and_beyond_8_bit(store, noise):
    train = [noise(number, dtype=np.uint16) for number in range(3)]
    assert max(sample.mask.max() for sample in train) > 255
    assert_same(store(train, train[:1]).splits["train"], train)


def test_the_description_comes_back(store, noise):
    rules = {"bit depth": "percentiles 1 to 99", "größe": "µm"}
    dataset = store(
        [noise(0, id="ä / 1", group="Träger")],
        [noise(1)],
        name="cells",
        classes=("Hintergrund", "weiß", "rot"),
        role="paper-images",
        origin="Li et al. 2021",
        licence="CC-BY-4.0",
        rules=rules,
        pixel_size=0.125,
    )
    assert (dataset.name, dataset.role) == ("cells", "paper-images")
    assert dataset.classes == ("Hintergrund", "weiß", "rot")
    assert (dataset.origin, dataset.licence) == ("Li et al. 2021", "CC-BY-4.0")
    assert (dataset.rules, dataset.pixel_size) == (rules, 0.125)
    assert (dataset.splits["train"].ids, dataset.splits["train"].groups) == (("ä / 1",), ("Träger",))


def test_an_unknown_pixel_size_stays_unknown(noise_dataset):
    assert noise_dataset.pixel_size is None


def test_a_validation_split_of_the_source_is_kept(store, noise):
    val = [noise(20, 9, 9), noise(21)]
    dataset = store([noise(0)], [noise(10)], val)
    assert set(dataset.splits) == {"train", "val", "test"}
    assert_same(dataset.splits["val"], val)


def test_progress_hears_each_id_once_it_is_written(tmp_path, source_of, noise):
    heard = []
    write_dataset(tmp_path / "a.h5", source_of([noise(0), noise(1)], [noise(2)]), heard.append)
    assert heard == ["image0", "image1", "image2"]


def test_masks_and_the_first_images_can_be_read_alone(store, noise):
    train = [noise(number) for number in range(4)]
    split = store(train, train[:1]).splits["train"]
    np.testing.assert_array_equal(split.mask(2), train[2].mask)
    assert_same(split.of([0, 1]), train[:2])
    assert len(split) == 4
    for beyond in (-1, 4):
        with pytest.raises(IndexError):
            split[beyond]
    with pytest.raises(IndexError):
        split.of([0, 1])[2]


# The digest


def test_equal_content_has_an_equal_digest_whatever_the_file(store, noise):
    train, test = [noise(0), noise(1, 5, 7)], [noise(2)]
    first = store(train, test, file="a.h5")
    second = store(train, test, file="b.h5", name="other", origin="elsewhere", rules={"a": "b"})
    assert first.digest == second.digest


def test_the_digest_is_of_the_decoded_pixels_and_not_of_their_compression(noise_dataset, tmp_path):
    with h5py.File(noise_dataset.path) as packed, h5py.File(tmp_path / "plain.h5", "w") as plain:
        plain.attrs.update(packed.attrs)
        for split in ("train", "test"):
            for name in ("ids", "group"):
                plain.create_dataset(f"{split}/{name}", data=packed[split][name][:], dtype=h5py.string_dtype())
            for name in ("images", "masks"):
                for number, pixels in enumerate(packed[split][name]):
                    plain[f"{split}/{name}/{number}"] = pixels
    dataset = Dataset(tmp_path / "plain.h5")
    dataset.verify()
    assert_same(dataset.splits["train"], list(noise_dataset.splits["train"]))


def changed_pixel(train):
    image = train[1].image.copy()
    image[3, 4, 1] ^= 1
    return [train[0], replace(train[1], image=image), train[2]]


def changed_label(train):
    mask = train[2].mask.copy()
    mask[0, 0] = (mask[0, 0] + 1) % 3
    return [*train[:2], replace(train[2], mask=mask)]


@pytest.mark.parametrize(
    "change",
    [
        changed_pixel,
        changed_label,
        lambda train: [replace(train[0], id="other"), *train[1:]],
        lambda train: [replace(train[0], group="other"), *train[1:]],
        lambda train: [replace(sample, mask=sample.mask.astype(np.uint16)) for sample in train],
        lambda train: train[::-1],
        lambda train: train[:2],
        lambda train: [replace(sample, counts=(1, 2)) for sample in train],
    ],
    ids=["pixel", "label", "id", "group", "kind of mask", "order", "number", "counts"],
)
def test_any_change_of_the_content_changes_the_digest(store, noise, change):
    train, test = [noise(number) for number in range(3)], [noise(10)]
    before, after = store(train, test, file="a.h5"), store(change(train), test, file="b.h5")
    assert before.digest != after.digest


def test_other_classes_change_the_digest(store, noise):
    before = store([noise(0)], [noise(1)], file="a.h5")
    after = store([noise(0)], [noise(1)], file="b.h5", classes=("background", "red", "white"))
    assert before.digest != after.digest


def test_an_image_moved_to_another_split_changes_the_digest(store, noise):
    before = store([noise(0), noise(1)], [noise(2)], file="a.h5")
    after = store([noise(0)], [noise(1), noise(2)], file="b.h5")
    assert before.digest != after.digest


# Damage


@pytest.mark.parametrize("kind", ["images", "masks"])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_pixel_changed_in_the_file_is_noticed(store, noise, kind, mixed):
    dataset = store([noise(0), noise(1, 9 if mixed else 12)], [noise(2)])
    dataset.file.close()
    with h5py.File(dataset.path, "r+") as file:
        stored = file[f"train/{kind}/1"] if mixed else file[f"train/{kind}"]
        place = (() if mixed else (1,)) + ((5, 6, 2) if kind == "images" else (5, 6))
        stored[place] = (np.asarray(stored[place]) + 1) % 3
    with pytest.raises(InputError, match=r"noise\.h5 .*digest"):
        Dataset(dataset.path).verify()


def test_a_class_renamed_in_the_file_is_noticed(noise_dataset):
    noise_dataset.file.close()
    with h5py.File(noise_dataset.path, "r+") as file:
        file.attrs["classes"] = '["background", "red", "white"]'
    with pytest.raises(InputError, match=r"noise\.h5 .*digest"):
        Dataset(noise_dataset.path).verify()


def test_a_damaged_chunk_is_noticed_when_it_is_read(noise_dataset):
    chunk = noise_dataset.file["train/images"].id.get_chunk_info(3)
    noise_dataset.file.close()
    with noise_dataset.path.open("r+b") as file:
        file.seek(chunk.byte_offset)
        file.write(bytes(chunk.size))
    split = Dataset(noise_dataset.path).splits["train"]
    assert split[2].id == "image2"
    with pytest.raises(InputError, match=r"noise\.h5 is cut short, damaged or no dataset file"):
        split[3]


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.9, 1.0])
def test_a_file_that_is_cut_short_is_named(noise_dataset, kept):
    content = noise_dataset.path.read_bytes()
    noise_dataset.file.close()
    noise_dataset.path.write_bytes(content[: min(int(kept * len(content)), len(content) - 1)])
    with pytest.raises(InputError, match=r"noise\.h5 is cut short, damaged or no dataset file"):
        Dataset(noise_dataset.path).verify()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.h5 does not exist"):
        Dataset(tmp_path / "absent.h5")


def test_a_text_file_is_no_dataset(tmp_path):
    (tmp_path / "text.h5").write_text("id,split\n" * 1000)
    with pytest.raises(InputError, match=r"text\.h5 is cut short, damaged or no dataset file"):
        Dataset(tmp_path / "text.h5")


@pytest.mark.parametrize("content", [{}, {"model_weights": {}}, {"train": {}, "test": {}}], ids=str)
def test_an_hdf5_file_of_another_kind_is_no_dataset(tmp_path, content):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        for name in content:
            file.create_group(name)
    with pytest.raises(InputError, match=r"other\.h5 is cut short, damaged or no dataset file"):
        Dataset(tmp_path / "other.h5")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file.attrs.modify("format", 2), r"format 2, not 1"),
        (lambda file: file.attrs.modify("role", "mine"), r"not a complete dataset file"),
        (lambda file: file.pop("test"), r"not a complete dataset file"),
        (lambda file: file["train"].pop("ids"), r"cut short, damaged or no dataset file"),
        (lambda file: file.attrs.modify("classes", "[background"), r"cut short, damaged or no dataset file"),
        (lambda file: file.attrs.modify("classes", "7"), r"cut short, damaged or no dataset file"),
        (lambda file: refilled(file["train"], "ids", [1, 2, 3, 4, 5]), r"cut short, damaged or no dataset file"),
        (lambda file: refilled(file["train"], "ids", ["a", "b"]), r"the parts of train are of unlike lengths"),
        (lambda file: refilled(file["train"], "group", ["a"]), r"the parts of train are of unlike lengths"),
        (lambda file: refilled(file["train"], "counts", [[1, 2]]), r"the parts of train are of unlike lengths"),
    ],
)
def test_an_edited_file_is_refused_at_opening(noise_dataset, change, words):
    noise_dataset.file.close()
    with h5py.File(noise_dataset.path, "r+") as file:
        change(file)
    with pytest.raises(InputError, match=rf"noise\.h5 .*{words}"):
        Dataset(noise_dataset.path)


def refilled(group, name, values):
    """Puts other values under a name of a split."""
    if name in group:
        del group[name]
    group[name] = values


# Sources that cannot be stored


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mask": np.full((12, 16), 3, np.uint8)}, r"label 3 .* background, white, red"),
        ({"mask": np.zeros((12, 15), np.uint8)}, r"\(12, 16, 3\) and mask \(12, 15\)"),
        ({"mask": np.zeros((12, 16, 1), np.uint8)}, r"mask \(12, 16, 1\)"),
        ({"mask": np.zeros((12, 16), np.int64)}, r"mask"),
        ({"image": np.zeros((12, 16), np.uint8)}, r"image \(12, 16\)"),
        ({"image": np.zeros((12, 16, 4), np.uint8)}, r"image \(12, 16, 4\)"),
        ({"image": np.zeros((12, 16, 3), np.float32)}, r"image"),
        ({"id": "image0"}, r"twice"),
        ({"counts": (1, 2)}, r"counts for all images of a split, or for none"),
        ({"counts": (1, 2, 3)}, r"3 counts for white, red"),
    ],
    ids=["label", "size", "mask channels", "mask type", "grey", "alpha", "image type", "id", "some counts", "counts"],
)
def test_an_inconsistent_image_is_named_and_nothing_is_left(tmp_path, source_of, noise, changes, words):
    bad = noise(1, **changes)
    with pytest.raises(InputError, match=rf"noise, image {bad.id}.*{words}"):
        write_dataset(tmp_path / "bad.h5", source_of([noise(0), bad], [noise(2)]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("empty", ["train", "val", "test"])
def test_an_empty_split_is_named_and_nothing_is_left(tmp_path, source_of, noise, empty):
    splits = {"train": [noise(0)], "val": [noise(1)], "test": [noise(2)]} | {empty: []}
    with pytest.raises(InputError, match=rf"noise has no image in its {empty} split"):
        write_dataset(tmp_path / "bad.h5", source_of(**splits))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_source_without_train_or_test_is_refused(tmp_path, source_of, noise, missing):
    source = source_of([noise(0)], [noise(1)], [noise(2)])
    rest = {name: samples for name, samples in source.splits.items() if name != missing}
    with pytest.raises(InputError, match=f"noise has no images for {missing}: say in split.csv"):
        write_dataset(tmp_path / "bad.h5", replace(source, splits=rest))
    assert list(tmp_path.iterdir()) == []


def failing(noise, error):
    yield noise(0)
    yield noise(1, 5, 5)
    raise error


@pytest.mark.parametrize("error", [InputError("masks/c.png is cut short"), KeyboardInterrupt("stop")], ids=repr)
@pytest.mark.parametrize("existing", [False, True])
def test_a_source_that_fails_midway_changes_nothing(tmp_path, source_of, noise, error, existing):
    path = tmp_path / "out.h5"
    if existing:
        write_dataset(path, source_of([noise(5)], [noise(6)]))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    source = source_of([], [noise(2)])
    source = replace(source, splits=source.splits | {"train": lambda: failing(noise, error)})
    with pytest.raises(type(error), match=str(error)):
        write_dataset(path, source)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert bool(before) == existing


def test_a_file_is_replaced_by_a_good_one(store, noise):
    store([noise(0)], [noise(1)])
    dataset = store([noise(2), noise(3)], [noise(4)])
    assert_same(dataset.splits["train"], [noise(2), noise(3)])
    assert [file.name for file in dataset.path.parent.iterdir()] == ["noise.h5"]


def test_a_place_that_cannot_be_written_is_named(below_a_file, source_of, noise):
    with pytest.raises(InputError, match=r"taken/out cannot be written"):
        write_dataset(below_a_file, source_of([noise(0)], [noise(1)]))


@pytest.mark.parametrize("content", [b"id,annotation\n", b""])
def test_a_file_of_another_kind_is_not_replaced(tmp_path, source_of, noise, content):
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"train.csv exists and is no dataset file: choose another name"):
        write_dataset(path, source_of([noise(0)], [noise(1)]))
    assert path.read_bytes() == content


def test_an_hdf5_file_of_another_kind_is_not_replaced(tmp_path, source_of, noise):
    path = tmp_path / "best.h5"
    with h5py.File(path, "w") as file:
        file.attrs["nodes_unet"] = "weights of weeks"
    with pytest.raises(InputError, match=r"best.h5 exists and is no dataset file: choose another name"):
        write_dataset(path, source_of([noise(0)], [noise(1)]))
    with h5py.File(path) as file:
        assert file.attrs["nodes_unet"] == "weights of weeks"


@pytest.mark.parametrize("pixel_size", [-1.0, 0.0, float("nan"), float("inf")])
def test_an_impossible_pixel_size_is_refused_and_nothing_is_left(tmp_path, source_of, noise, pixel_size):
    source = replace(source_of([noise(0)], [noise(1)]), pixel_size=pixel_size)
    with pytest.raises(InputError, match="noise: the pixel size is in micrometres, above 0, not"):
        write_dataset(tmp_path / "noise.h5", source)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_dataset_can_be_prepared_again(tmp_path, source_of, noise):
    path = tmp_path / "noise.h5"
    write_dataset(path, source_of([noise(0)], [noise(1)]))
    path.write_bytes(path.read_bytes()[:-1000])
    write_dataset(path, source_of([noise(0)], [noise(1)]))
    Dataset(path).verify()


# Real processes

FULL_DISK = """
import json, resource, sys
from pathlib import Path
import numpy as np
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.store import Dataset, write_dataset
from nodes_unet.errors import InputError

def samples():
    for number in range(40):
        random = np.random.default_rng(number)
        yield Sample(str(number), "g", random.integers(0, 256, (128, 128, 3), np.uint8), np.zeros((128, 128), np.uint8))

source = Source("noise", ("background",), "proxy", "tests", "CC0-1.0", {"train": samples, "test": samples})
path, limit = Path(sys.argv[1]), int(sys.argv[2])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
try:
    write_dataset(path, source)
    message = None
except InputError as error:
    message = str(error)
left = sorted(file.name for file in path.parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
write_dataset(path.with_name("later.h5"), source)
Dataset(path.with_name("later.h5")).verify()
print(json.dumps([message, left]))
"""


@pytest.mark.parametrize("limit", [0, 1_000, 1_000_000, 3_900_000])
@pytest.mark.parametrize("existing", [False, True])
def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path, source_of, noise, limit, existing):
    script, folder = tmp_path / "full.py", tmp_path / "out"
    script.write_text(FULL_DISK)
    folder.mkdir()
    path = folder / "noise.h5"
    if existing:
        write_dataset(path, source_of([noise(0)], [noise(1)]))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    message, left = run(script, path, limit)
    assert message is not None, "the limit was not met"
    assert "noise.h5 cannot be written" in message
    assert len(message.splitlines()) == 1
    assert left == list(before)
    assert {name: (folder / name).read_bytes() for name in before} == before


KILLED = """
import itertools, sys
import numpy as np
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.store import write_dataset

def samples():
    for number in itertools.count():
        yield Sample(str(number), "g", np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8))

source = Source("endless", ("background",), "proxy", "tests", "CC0-1.0", {"train": samples, "test": samples})
write_dataset(sys.argv[1], source, lambda name: print(name, flush=True))
"""


def test_a_killed_writer_leaves_the_old_file(noise_dataset, tmp_path):
    (tmp_path / "killed.py").write_text(KILLED)
    before = noise_dataset.path.read_bytes()
    writer = subprocess.Popen(
        [sys.executable, tmp_path / "killed.py", noise_dataset.path], stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert [writer.stdout.readline() for _ in range(3)] == ["0\n", "1\n", "2\n"]
        writer.kill()
    assert noise_dataset.path.read_bytes() == before
    noise_dataset.verify()


READERS = """
import hashlib, json, multiprocessing, sys
from nodes_unet.data.store import Dataset

def read(dataset, seed):
    split = dataset.splits["train"]
    order = [(number * 3 + seed) % len(split) for number in range(5 * len(split))]
    digests = {}
    for number in order:
        sample = split[number]
        digest = hashlib.sha256(sample.image.tobytes() + sample.mask.tobytes()).hexdigest()
        digests.setdefault(sample.id, set()).add(digest)
    dataset.verify()
    return {name: sorted(found) for name, found in digests.items()}

def answer(connection, dataset, seed):
    connection.send(read(dataset, seed))

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    dataset = Dataset(sys.argv[2])
    read(dataset, 0)
    pipes = [context.Pipe() for _ in range(3)]
    workers = [context.Process(target=answer, args=(pipe[1], dataset, seed)) for seed, pipe in enumerate(pipes)]
    for worker in workers:
        worker.start()
    results = [read(dataset, 3), *(pipe[0].recv() for pipe in pipes)]
    for worker in workers:
        worker.join()
    print(json.dumps([results, [worker.exitcode for worker in workers]]))
"""


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_several_processes_read_an_open_dataset_at_the_same_time(store, noise, tmp_path, method):
    train = [noise(number, 64, 64 + number // 10) for number in range(20)]
    dataset = store(train, [noise(50)])
    (tmp_path / "readers.py").write_text(READERS)
    results, codes = run(tmp_path / "readers.py", method, dataset.path)
    expected = {s.id: [hashlib.sha256(s.image.tobytes() + s.mask.tobytes()).hexdigest()] for s in train}
    assert results == [expected] * 4
    assert codes == [0, 0, 0]


def test_an_open_dataset_can_be_pickled(noise_dataset):
    before = list(noise_dataset.splits["train"])
    copied = pickle.loads(pickle.dumps(noise_dataset))
    assert_same(copied.splits["train"], before)
    assert copied.digest == noise_dataset.digest
    copied.file.close()
    assert_same(noise_dataset.splits["train"], before)


def test_threads_share_a_dataset(store, noise):
    train = [noise(number, 40, 40 + number // 6) for number in range(12)]
    split = store(train, train[:1]).splits["train"]
    order = [number % 12 for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(split.__getitem__, order))
    for number, sample in zip(order, read, strict=True):
        np.testing.assert_array_equal(sample.image, train[number].image)
        np.testing.assert_array_equal(sample.mask, train[number].mask)


def test_kinds_come_back_and_count_for_the_digest(store, noise):
    plain = store([noise(0), noise(1)], [noise(10)], file="plain.h5")
    dataset = store([noise(0), noise(1, kind="manual")], [noise(10)])
    dataset.verify()
    assert dataset.splits["train"].kinds == ("", "manual")
    assert dataset.splits["train"][1].kind == "manual"
    assert plain.splits["train"].kinds == ("", "")
    assert plain.digest != dataset.digest


@pytest.mark.parametrize("heights", [(12, 12, 12), (12, 20, 12)])
def test_some_images_make_a_split_of_their_own(store, noise, heights):
    samples = [noise(number, height, counts=(number, 1)) for number, height in enumerate(heights)]
    part = store(samples, [noise(10, counts=(1, 1))]).splits["train"].of([2, 1])
    assert_same(part, [samples[2], samples[1]])
    assert [part.shape(number) for number in range(2)] == [(heights[2], 16), (heights[1], 16)]
    assert part.counts.tolist() == [[2, 1], [1, 1]]
    assert_same(part.of([0]), [samples[2]])
    np.testing.assert_array_equal(part.of([1]).mask(0), samples[1].mask)
