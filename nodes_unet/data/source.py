"""What a reader or a generator hands to the dataset store."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

ROLES = ("paper", "paper-images", "proxy", "synthetic")
SPLITS = ("train", "val", "test")
KINDS = ("manual", "artefact")


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        id: name of the image, unique within its split.
        group: smear, plate, well or slide that the image comes from; a split by group does not leak.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8 classes, or uint16 instances.
        counts: how many objects of each class after the background show in the image, where the source knows.
        kind: one of `KINDS`, which sets the image apart from most and may be augmented otherwise, or empty.
    """

    id: str
    group: str
    image: np.ndarray
    mask: np.ndarray
    counts: tuple[int, ...] | None = None
    kind: str = ""


@dataclass(frozen=True)
class Source:
    """A labelled data set, streamed.

    Attributes:
        name: short name, as printed in tables.
        classes: class names in the order of the mask's values.
        role: `paper` (the paper's images and labels), `paper-images` (its images, other labels), `proxy` (other real
            images) or `synthetic`; set by the reader after its checks.
        origin: where the data comes from, with the reference to cite.
        licence: under which terms.
        splits: for `train`, `test` (and `val` where the source has one) a function that yields the samples anew.
        rules: conversions and choices that the reader made, in words.
        pixel_size: micrometres, where known.
        passed_over: what the reader leaves out or doubts, in words, and how often; complete once all splits are read.
    """

    name: str
    classes: tuple[str, ...]
    role: str
    origin: str
    licence: str
    splits: Mapping[str, Callable[[], Iterator[Sample]]]
    rules: Mapping[str, str] = field(default_factory=dict)
    pixel_size: float | None = None
    passed_over: Counter[str] = field(default_factory=Counter)
