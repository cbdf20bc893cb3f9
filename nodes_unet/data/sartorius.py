"""Reader: the layout of Kaggle's Sartorius cell segmentation competition, the data of Abbas & Abdulmunim 2023.

`train.csv` has a line an instance (`id`, `annotation` as runs, `width`, `height`, `cell_type`, `sample_id`, ...),
`train/<id>.png` are the images.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nodes_unet.data.images import image_size, read_image
from nodes_unet.data.overlaps import keep_first
from nodes_unet.data.runs import decode_runs
from nodes_unet.data.source import Sample, Source
from nodes_unet.data.tables import read_table
from nodes_unet.errors import InputError

CLASSES = ("background", "cell")
TEST_SHARE = 0.2
PAPERS_IMAGES, SIZE = 606, (520, 704)  # the competition's; section 4.2 says 704x540
_COLUMNS = ("id", "annotation", "width", "height")
_GROUP = "sample_id"
_COMPETITION = {
    "name": "sartorius",
    "origin": "Kaggle, Sartorius - Cell Instance Segmentation, 2021",
    "licence": "the competition's rules (non-commercial)",
}


def sartorius_source(
    folder: str | Path,
    seed: int = 0,
    first_keeps: bool = False,
    *,
    name: str | None = None,
    origin: str = "not stated",
    licence: str = "not stated",
) -> Source:
    """Reads images and instances; masks are instance numbers (H, W) uint16 in the order of the file.

    Images of one `sample_id`, where the file has it, are a group; those without a line are left out.

    Args:
        folder: holds `train.csv` and `train/`.
        seed: of the division 80/20 into training and test (section 4.2), which the source does not give.
        first_keeps: where instances overlap the first line keeps the pixel; else an overlap is an error.
        name: of other images than the competition's, which have theirs; by default the folder's.
        origin, licence: of other images, where they come from and under which terms.

    Returns:
        A source; its role is `paper` where the number of images and their sizes are the competition's, else `proxy`.

    Raises:
        InputError: a file or column is missing, an id has no image, or (while the source is read) the size of an image
            is not that of its lines, runs are damaged or instances overlap; the sentence names line and id.
    """
    folder = Path(folder)
    table = read_table(folder / "train.csv", _COLUMNS, "unpack the competition's archive there")
    lines = dict(iter(table.groupby("id", sort=False)))
    images = {name: folder / "train" / f"{name}.png" for name in lines}
    for image, path in images.items():
        where = f"{folder / 'train.csv'}, line {lines[image].index[0]}"
        if Path(image).name != image:
            raise InputError(f"{where}: {image} is no name of an image: correct it")
        if not path.is_file():
            raise InputError(f"{where}: {image} has no image {path}: add it or drop its lines")
    if len(images) < 2:
        raise InputError(f"{folder / 'train.csv'} names {len(images)} image: at least 2 are needed for train and test")
    is_competitions = len(images) == PAPERS_IMAGES and all(image_size(path) == SIZE for path in images.values())
    shuffled = np.random.default_rng(seed).permutation(sorted(images))
    held_out = max(1, round(TEST_SHARE * len(shuffled)))
    passed_over = Counter()
    if unnamed := len({path.stem for path in (folder / "train").glob("*.png")} - images.keys()):
        passed_over["images without a line in train.csv"] = unnamed

    def samples(names: Sequence[str]) -> Iterator[Sample]:
        for name in sorted(names):
            image = read_image(images[name])
            mask = _instances(folder / "train.csv", name, lines[name], image.shape[:2], first_keeps, passed_over)
            group = lines[name][_GROUP].iloc[0] if _GROUP in lines[name] else ""
            yield Sample(name, group or name, image, mask, (np.unique(mask[mask > 0]).size,))

    own = {"name": name or folder.resolve().name, "origin": origin, "licence": licence}
    return Source(
        **(_COMPETITION if is_competitions else own),
        classes=CLASSES,
        role="paper" if is_competitions else "proxy",
        splits={"train": lambda: samples(shuffled[held_out:]), "test": lambda: samples(shuffled[:held_out])},
        rules={
            "split": f"80/20 by image, seed {seed}: section 4.2 gives the shares; images of a sample_id may be in both",
            "overlap": "the first line keeps the pixel" if first_keeps else "an error",
        },
        passed_over=passed_over,
    )


def _instances(
    path: Path,
    name: str,
    lines: pd.DataFrame,
    shape: tuple[int, int],
    first_keeps: bool,
    passed_over: Counter,
) -> np.ndarray:
    mask, line_of = np.zeros(shape, np.uint16), {}
    for line, row in lines.iterrows():
        where = f"{path}, line {line}, {name}"
        if (row["height"], row["width"]) != tuple(map(str, shape)):
            raise InputError(
                f"{where}: {row['width']} x {row['height']} pixels, but the image has {shape[1]} x {shape[0]}: "
                "take both from the same version of the data"
            )
        region = decode_runs(row["annotation"], shape, where)
        if (mask[region] > 0).any() and not first_keeps:
            other = line_of[int(mask[region].max())]
            raise InputError(
                f"{where}: the instance overlaps that of line {other}: correct one of them, or let the first line keep "
                "the pixels (--first-keeps)"
            )
        line_of[len(line_of) + 1] = line
        keep_first(mask, region, len(line_of), passed_over)
    return mask
