"""Reader: the blood smears of MISP (Sarrafzadeh et al. 2014), which Li et al. 2021 segment, with LabelMe labels.

The labels of Li et al. (section 2) are not published, so each smear needs a LabelMe file of one's own beside it. Their
"100 blood cell images with a size of 256x256 pixels by selecting a suitable area" come without a rule; the rule here is
fixed, looks at the labels alone and is recorded with the data.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from nodes_unet.data.images import SUFFIXES, image_size, read_image
from nodes_unet.data.labelme import read_labelme
from nodes_unet.data.source import Sample, Source
from nodes_unet.errors import InputError

CLASSES = ("background", "white", "red")
WHITE = CLASSES.index("white")
# The names of the classes, the paper's digits and usual abbreviations.
LABELS = {
    **{name: value for value, name in enumerate(CLASSES)},
    **{str(value): value for value in range(len(CLASSES))},
    **{"white cell": 1, "wbc": 1, "red cell": 2, "rbc": 2},
}

HEIGHT, WIDTH = 519, 775
SIDE = 256
# The 2 x 3 crops that fit without overlap, with equal margins.
TOPS = tuple(range(HEIGHT % SIDE // 2, HEIGHT - SIDE + 1, SIDE))
LEFTS = tuple(range(WIDTH % SIDE // 2, WIDTH - SIDE + 1, SIDE))

MOST_CROPS = 100
TEST_SHARE = 0.2
# Crops with fewer cells are nearly empty, or lie where the labelling stopped; the paper's test set has 56 % cells.
LEAST_CELLS = 0.2


@dataclass(frozen=True)
class Smear:
    """A labelled smear: its name (path below the folder, without suffix), its image and its LabelMe file."""

    name: str
    image: Path
    labels: Path


@dataclass(frozen=True)
class Crop:
    """A crop of 256x256 pixels: its smear, its upper left corner and the number of its white-cell pixels."""

    smear: Smear
    top: int
    left: int
    white: int


def misp_source(folder: str | Path, seed: int = 0) -> Source:
    """Reads smears of 775x519 pixels (width x height) with a LabelMe file of the same stem beside each.

    Args:
        folder: holds the unpacked images at any depth; those without a LabelMe file are not used.
        seed: shuffles the smears before whole ones are set aside for the test.

    Returns:
        A source of at most 100 crops, (256, 256, 3) and (256, 256), of the classes background, white and red, with the
        role `paper-images`: the paper's images, other labels. It keeps one smear in memory at a time.

    Raises:
        InputError: the folder is missing, no image is labelled, two images share one LabelMe file, an image is not
            775x519, a LabelMe file is unusable or belongs to an image of another size, fewer than two smears have
            usable crops, or (while the source is read) an image is cut short.
    """
    folder = Path(folder)
    images = _find_images(folder)
    smears = _labelled(folder, images)
    crops = _choose([_ranked_crops(smear) for smear in smears])
    test = _test_smears(folder, crops, seed)
    splits = {
        "train": [crop for crop in crops if crop.smear not in test],
        "test": [crop for crop in crops if crop.smear in test],
    }
    return Source(
        name="misp",
        classes=CLASSES,
        role="paper-images",
        origin=(
            "MISP, Department of Pathology, Isfahan University of Medical Sciences; O. Sarrafzadeh, H. Rabbani, "
            "A. Talebi, H. U. Banaem, Selection of the best features for leukocytes classification in blood smear "
            "microscopic images, SPIE Medical Imaging 2014, 90410P"
        ),
        licence="terms of MISP, not known in detail: free for research, ask MISP before redistribution",
        splits={name: partial(_samples, chosen) for name, chosen in splits.items()},
        rules={
            "labels": "LabelMe files made by the user, not the paper's labels; pixels outside of every shape are "
            "background, later shapes lie over earlier ones",
            "unlabelled": f"{len(images) - len(smears)} of {len(images)} images have no LabelMe file and are not used",
            "crops": _crop_rule(crops),
            "split": f"{len(splits['test'])} of {len(crops)} crops for the test: the whole smears, from the front of "
            f"an order shuffled with seed {seed}, that come closest to {TEST_SHARE:.0%} of the crops",
        },
    )


def _crop_rule(crops: Sequence[Crop]) -> str:
    tops, lefts = (", ".join(map(str, corners)) for corners in (TOPS, LEFTS))
    return (
        f"{len(crops)} crops of {SIDE}x{SIDE} from {len({crop.smear for crop in crops})} smears: of the 2x3 grid with "
        f"upper left corners at y {tops} and x {lefts}, those with at least {LEAST_CELLS:.0%} cell pixels; each smear "
        "gives its crop with the most white-cell pixels, then its second, and so on, the smear whose crop has more "
        f"white-cell pixels first, until there are {MOST_CROPS}"
    )


def _find_images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: unpack MISP.rar and name the folder with its images")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _labelled(folder: Path, images: Sequence[Path]) -> list[Smear]:
    """Returns the smears with a LabelMe file beside them, by name."""
    smears = {}
    for image in images:
        labels = image.with_suffix(".json")
        if not labels.is_file():
            continue
        name = image.relative_to(folder).with_suffix("").as_posix()
        if name in smears:
            raise InputError(
                f"{labels} lies beside both {smears[name].image.name} and {image.name}: keep one of the two"
            )
        smears[name] = Smear(name, image, labels)
    if not smears:
        raise InputError(
            f"{folder} holds {len(images)} images and none is labelled: label them with LabelMe and save each JSON "
            "file beside its image under the same name"
        )
    return [smears[name] for name in sorted(smears)]


def _read_classes(smear: Smear) -> np.ndarray:
    """Returns the smear's (519, 775) uint8 classes, after a check of the sizes of both files."""
    size = image_size(smear.image)
    if size != (HEIGHT, WIDTH):
        raise InputError(f"{smear.image} is {_size(size)} pixels, not {WIDTH} x {HEIGHT}: use the original MISP image")
    classes = read_labelme(smear.labels, LABELS)
    if classes.shape != size:
        raise InputError(
            f"{smear.labels} was made for an image of {_size(classes.shape)} pixels, but {smear.image.name} is "
            f"{_size(size)}: label that image itself"
        )
    return classes


def _ranked_crops(smear: Smear) -> list[Crop]:
    """Returns the smear's crops with enough cells, the one with the most white-cell pixels first."""
    classes = _read_classes(smear)
    crops = []
    for top, left in itertools.product(TOPS, LEFTS):
        window = classes[top : top + SIDE, left : left + SIDE]
        if np.count_nonzero(window) >= LEAST_CELLS * window.size:
            crops.append(Crop(smear, top, left, white=np.count_nonzero(window == WHITE)))
    return sorted(crops, key=lambda crop: -crop.white)


def _choose(ranked: Sequence[Sequence[Crop]]) -> list[Crop]:
    """Takes the best crop of each smear, then the second best, and so on, up to 100; returns them smear by smear."""
    turns = [(turn, -crop.white, crop) for crops in ranked for turn, crop in enumerate(crops)]
    chosen = [crop for _, _, crop in sorted(turns, key=lambda entry: entry[:2])[:MOST_CROPS]]
    return sorted(chosen, key=lambda crop: (crop.smear.name, crop.top, crop.left))


def _test_smears(folder: Path, crops: Sequence[Crop], seed: int) -> frozenset[Smear]:
    """Returns the smears whose crops come closest to a fifth, found from the front of the shuffled smears."""
    counts = Counter(crop.smear for crop in crops)
    if len(counts) < 2:
        raise InputError(
            f"{folder} has crops with at least {LEAST_CELLS:.0%} labelled cells in {len(counts)} smears, and training "
            "and test need one each: label all cells of more smears"
        )
    smears = list(counts)
    reached = {0: frozenset()}  # for each number of crops that whole smears can add up to, the first such smears
    for index in np.random.default_rng(seed).permutation(len(smears)):
        smear = smears[index]
        for total, members in list(reached.items()):
            reached.setdefault(total + counts[smear], members | {smear})
    totals = (total for total in reached if 0 < total < len(crops))
    return reached[min(totals, key=lambda total: abs(total - TEST_SHARE * len(crops)))]


def _samples(crops: Sequence[Crop]) -> Iterator[Sample]:
    for smear, group in itertools.groupby(crops, key=lambda crop: crop.smear):
        image, classes = read_image(smear.image), _read_classes(smear)
        for crop in group:
            window = np.s_[crop.top : crop.top + SIDE, crop.left : crop.left + SIDE]
            # Copies, so that a crop that is kept does not keep its whole smear.
            yield Sample(
                f"{smear.name}_y{crop.top}_x{crop.left}", smear.name, image[window].copy(), classes[window].copy()
            )


def _size(shape: tuple[int, int]) -> str:
    height, width = shape
    return f"{width} x {height}"
