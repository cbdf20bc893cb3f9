"""The dataset store: one HDF5 file with raw images, labels and the source's own split, nothing processed.

Layout: groups `train`, `test` (and `val` where the source has one), each with `images` (n, H, W, 3) uint8 RGB, `masks`
(n, H, W) uint8 classes or uint16 instances, `ids` and `group`; `counts` (n, classes - 1) uint32 where the source knows
how many objects of each class after the background an image shows; and `kind` where it tells kinds of images apart.
Where the images of a split differ in size, `images` and `masks` are HDF5 groups that hold them one by one under their
numbers. The root carries the description as attributes.
"""

import contextlib
import copy
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

from nodes_unet.data.source import ROLES, SPLITS, Sample, Source
from nodes_unet.errors import InputError
from nodes_unet.hdf5 import writing

FORMAT = 1
_TEXT = h5py.string_dtype()
_COMPRESSION = {"compression": "gzip", "compression_opts": 4, "shuffle": True}


def write_dataset(path: str | Path, source: Source, progress: Callable[[str], None] = lambda _: None) -> None:
    """Streams a source into a dataset file; memory holds one image at a time.

    Args:
        path: the file to write; it appears under this name only when it is complete.
        source: what to write.
        progress: called with the id of each image written.

    Raises:
        InputError: the source is empty or inconsistent, or the file cannot be written or would take the place of
            something that is no dataset file.
    """
    if source.pixel_size is not None and not 0 < source.pixel_size < math.inf:
        raise InputError(f"{source.name}: the pixel size is in micrometres, above 0, not {source.pixel_size}")
    if Path(path).exists() and not _is_dataset(path):
        raise InputError(f"{path} exists and is no dataset file: choose another name, so that nothing is lost")
    with writing(path) as (file, check):
        digest = hashlib.sha256()
        for split in SPLITS:
            if split in source.splits:
                samples = _checked(source.splits[split](), check)
                _write_split(file.create_group(split), samples, source, digest, progress)
        if missing := [split for split in ("train", "test") if split not in file]:
            raise InputError(
                f"{source.name} has no images for {' and '.join(missing)}: say in split.csv which ones are, or for "
                "COCO in the names of the annotation files"
            )
        file.attrs.update(_describe(source), digest=_final(digest, source.classes))


class Dataset:
    """A dataset file, opened lazily for reading; safe to hand to threads and to other processes.

    Attributes:
        path, name, classes, role, origin, licence, pixel_size, rules: see `Source`.
        digest: SHA-256 of the decoded content.
        splits: the `Split`s by name.

    Raises:
        InputError: the file is missing, cut short, or not a dataset file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(f"{self.path} does not exist: prepare it with `reproduce data prepare` or `synth`")
        if not self.path.is_file():
            raise InputError(f"{self.path} is not a file: name a dataset file made by `reproduce data`")
        self._process, self._handle = None, None
        with self._reading():
            attributes = dict(self.file.attrs)
            if attributes["format"] != FORMAT:
                raise InputError(f"{self.path} has format {attributes['format']}, not {FORMAT}: prepare it again")
            self.name = str(attributes["name"])
            self.classes = tuple(json.loads(attributes["classes"]))
            self.role = str(attributes["role"])
            self.origin = str(attributes["source"])
            self.licence = str(attributes["licence"])
            self.pixel_size = float(attributes["pixel_size"]) if "pixel_size" in attributes else None
            self.rules = json.loads(attributes["rules"])
            self.digest = str(attributes["digest"])
            self.splits = {name: Split(self, name) for name in SPLITS if name in self.file}
        if self.role not in ROLES or not {"train", "test"} <= self.splits.keys():
            raise InputError(f"{self.path} is not a complete dataset file: prepare it again")

    @property
    def file(self) -> h5py.File:
        """The open HDF5 file of this process."""
        if self._process != os.getpid():  # a handle does not survive a fork
            self._process, self._handle = os.getpid(), h5py.File(self.path, "r")
        return self._handle

    def __getstate__(self):
        return self.__dict__ | {"_process": None, "_handle": None}

    def verify(self) -> None:
        """Reads everything and compares it with the digest.

        Raises:
            InputError: the content is not what was written.
        """
        digest = hashlib.sha256()
        for split in self.splits.values():
            for sample in split:
                _add(digest, split.name, sample)
        if _final(digest, self.classes) != self.digest:
            raise InputError(
                f"{self.path} does not hold what its digest says: it was changed or damaged, prepare it again"
            )

    @contextlib.contextmanager
    def _reading(self):
        try:
            yield
        except InputError:
            raise
        except (OSError, LookupError, TypeError, ValueError, RuntimeError, MemoryError) as error:
            raise InputError(
                f"{self.path} is cut short, damaged or no dataset file ({error}): prepare it again"
            ) from error


class Split:
    """One split of a dataset: a sequence of `Sample`s, read on demand.

    Attributes:
        ids, groups: of the images.
        counts: (n, classes - 1), objects of each class after the background, or None.
        kinds: of the images, empty for most.
    """

    def __init__(self, dataset: Dataset, name: str):
        self.dataset, self.name = dataset, name
        group = dataset.file[name]
        self.ids = tuple(group["ids"].asstr()[:].tolist())
        self.groups = tuple(group["group"].asstr()[:].tolist())
        self.counts = group["counts"][()] if "counts" in group else None
        self.kinds = tuple(group["kind"].asstr()[:].tolist()) if "kind" in group else ("",) * len(self.ids)
        self._places = tuple(range(len(self.ids)))
        lengths = {len(part) for part in (self.ids, self.groups, self.kinds, group["images"], group["masks"])}
        if lengths != {len(self.ids)} or (self.counts is not None and len(self.counts) != len(self.ids)):
            raise ValueError(f"the parts of {name} are of unlike lengths")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        counts = None if self.counts is None else tuple(self.counts[index].tolist())
        pixels = self._read("images", index), self._read("masks", index)
        return Sample(self.ids[index], self.groups[index], *pixels, counts, self.kinds[index])

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def mask(self, index: int) -> np.ndarray:
        """(H, W) labels of one image."""
        return self._read("masks", index)

    def shape(self, index: int) -> tuple[int, int]:
        """(H, W) of one image, without reading it."""
        stored = self.dataset.file[self.name]["masks"]
        return stored[str(self._places[index])].shape if isinstance(stored, h5py.Group) else stored.shape[1:]

    def of(self, numbers: Sequence[int]) -> "Split":
        """The images of these numbers, in this order."""
        part = copy.copy(self)
        for name in ("ids", "groups", "kinds", "_places"):
            setattr(part, name, tuple(getattr(self, name)[number] for number in numbers))
        part.counts = None if self.counts is None else self.counts[list(numbers)]
        return part

    def _read(self, kind: str, index: int) -> np.ndarray:
        place = self._places[index]
        with self.dataset._reading():
            stored = self.dataset.file[self.name][kind]
            return stored[str(place)][()] if isinstance(stored, h5py.Group) else stored[place]


def _is_dataset(path: str | Path) -> bool:
    """Whether a file is a dataset, or what is left of a damaged HDF5 file, in whose place one may be prepared again."""
    if not h5py.is_hdf5(path):
        return False
    try:
        with h5py.File(path, "r") as file:
            return {"format", "classes", "digest"} <= set(file.attrs)
    except OSError:
        return True


def _describe(source: Source) -> dict:
    described = {
        "format": FORMAT,
        "name": source.name,
        "classes": json.dumps(source.classes),
        "role": source.role,
        "source": source.origin,
        "licence": source.licence,
        "rules": json.dumps(dict(source.rules) | {what: str(number) for what, number in source.passed_over.items()}),
    }
    return described if source.pixel_size is None else described | {"pixel_size": source.pixel_size}


def _write_split(group, samples, source, digest, progress) -> None:
    ids, groups, counts, kinds = {}, [], [], []
    for number, sample in enumerate(samples):
        _check(sample, ids, source)
        if number and (sample.counts is None) != (counts[0] is None):
            raise InputError(f"{source.name}, image {sample.id}: give counts for all images of a split, or for none")
        _append(group, number, sample)
        _add(digest, group.name.strip("/"), sample)
        ids[sample.id] = None
        groups.append(sample.group)
        counts.append(sample.counts)
        kinds.append(sample.kind)
        progress(sample.id)
    if not ids:
        raise InputError(f"{source.name} has no image in its {group.name.strip('/')} split: add some to the split file")
    group.create_dataset("ids", data=list(ids), dtype=_TEXT)
    group.create_dataset("group", data=groups, dtype=_TEXT)
    if counts[0] is not None:
        group.create_dataset("counts", data=np.array(counts, np.uint32))
    if any(kinds):
        group.create_dataset("kind", data=kinds, dtype=_TEXT)


def _checked(samples: Iterator[Sample], check: Callable[[], None]) -> Iterator[Sample]:
    for sample in samples:
        check()
        yield sample


def _append(group: h5py.Group, number: int, sample: Sample) -> None:
    """Adds an image to the stacks, which become HDF5 groups of single images at the first one of another size."""
    for name, pixels in (("images", sample.image), ("masks", sample.mask)):
        if number == 0:
            group.create_dataset(
                name, data=pixels[None], maxshape=(None, *pixels.shape), chunks=(1, *pixels.shape), **_COMPRESSION
            )
        elif isinstance(group[name], h5py.Dataset) and _fits(group[name], pixels):
            group[name].resize(number + 1, axis=0)
            group[name][number] = pixels
        else:
            if isinstance(group[name], h5py.Dataset):
                _unstack(group, name)
            group[name].create_dataset(str(number), data=pixels, chunks=pixels.shape, **_COMPRESSION)


def _fits(stack: h5py.Dataset, pixels: np.ndarray) -> bool:
    return stack.shape[1:] == pixels.shape and stack.dtype == pixels.dtype


def _unstack(group: h5py.Group, name: str) -> None:
    group.move(name, f"{name}_stacked")
    stack, singles = group[f"{name}_stacked"], group.create_group(name)
    for number in range(len(stack)):
        singles.create_dataset(str(number), data=stack[number], chunks=stack.shape[1:], **_COMPRESSION)
    del group[f"{name}_stacked"]


def _check(sample: Sample, ids, source: Source) -> None:
    where = f"{source.name}, image {sample.id}"
    if sample.id in ids:
        raise InputError(f"{where}: the id stands twice, make the ids unique")
    if sample.image.dtype != np.uint8 or sample.image.shape != (*sample.mask.shape, 3):
        raise InputError(f"{where}: image {sample.image.shape} and mask {sample.mask.shape} do not go together")
    if sample.mask.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{where}: the mask is {sample.mask.dtype}, make it uint8 classes or uint16 instances")
    if sample.mask.dtype == np.uint8 and sample.mask.max(initial=0) >= len(source.classes):
        raise InputError(f"{where}: label {sample.mask.max()} is none of the classes {', '.join(source.classes)}")
    if sample.counts is not None and len(sample.counts) != len(source.classes) - 1:
        raise InputError(f"{where}: {len(sample.counts)} counts for {', '.join(source.classes[1:])}: give one for each")


def _add(digest, split: str, sample: Sample) -> None:
    digest.update(json.dumps([split, sample.id, sample.group, sample.image.shape, str(sample.mask.dtype)]).encode())
    digest.update(np.ascontiguousarray(sample.image).data)
    digest.update(np.ascontiguousarray(sample.mask).data)
    if sample.counts is not None:
        digest.update(json.dumps(sample.counts).encode())
    if sample.kind:
        digest.update(sample.kind.encode())


def _final(digest, classes) -> str:
    digest.update(json.dumps(list(classes)).encode())
    return digest.hexdigest()
