"""Reader: a folder with `images/`, `masks/` (label images or LabelMe files) and a split file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from skimage.measure import label

from nodes_unet.data.images import SUFFIXES, image_files, read_image, read_mask
from nodes_unet.data.labelme import read_labelme
from nodes_unet.data.source import KINDS, SPLITS, Sample, Source
from nodes_unet.data.tables import read_table
from nodes_unet.errors import InputError

COLUMNS, COUNT = ("id", "split", "group", "kind"), "count_"
DARK = "images without a value above a sixteenth of white: --levels says what is white, as 0,4095 for 12 bits"


def folder_source(
    folder: str | Path,
    classes: Sequence[str],
    *,
    name: str | None = None,
    origin: str = "not stated",
    licence: str = "not stated",
    pixel_size: float | None = None,
    stretch: tuple[float, float] | None = None,
    levels: tuple[float, float] | None = None,
    instances: bool = False,
) -> Source:
    """Reads pairs `images/<id>.*` and `masks/<id>.*` as `split.csv` assigns them.

    A mask is an image that holds class numbers or, with `instances`, numbers of objects; or a LabelMe file (.json)
    whose labels are class names and whose shapes are, with `instances`, an object each. Of two classes it may hold 0
    and its type's highest number, 255 or 65535, instead of 0 and 1.

    Args:
        folder: holds `images/`, `masks/` and `split.csv` with the columns `id`, `split` (train, val or test) and, where
            several images come from one slide, `group` (empty: a group of its own); where the numbers of cells are
            known, `count_<class>` for each class after the first; `kind` for images to augment unlike the others.
        classes: class names; a mask holds their positions in this sequence as pixel values.
        name: of the data set; by default the folder's.
        origin: where the data comes from.
        licence: under which terms.
        pixel_size: micrometres, where known.
        stretch, levels: percentiles or values for `read_image`; by default the full range of the file's type.
        instances: whether each number other than 0, or each shape, of a mask is an object; of two classes, then, and
            counted.

    Returns:
        A source with the role `proxy`.

    Raises:
        InputError: both `stretch` and `levels` are given, instances have other than two classes, a folder, file or
            column is missing, a column has an unknown name, the pairs and the split file disagree, sizes differ, or
            (while the source is read) a file is cut short, a mask holds a value that is no class, or masks of
            instances are those of a class.
    """
    if stretch is not None and levels is not None:
        raise InputError("--stretch and --levels both say what is black and white: give one of them")
    folder = Path(folder)
    images, masks = _files(folder / "images", SUFFIXES), _files(folder / "masks", (*SUFFIXES, ".json"))
    table = _read_split(folder / "split.csv")
    counts = _read_counts(folder / "split.csv", table, classes)
    if instances and len(classes) != 2:
        raise InputError(f"numbers of objects go with background and one class, not with {', '.join(classes)}")
    _check_pairs(folder, images, masks, table)
    passed_over = Counter()

    def samples(rows: pd.DataFrame) -> Iterator[Sample]:
        for row in rows.itertuples():
            image = read_image(images[row.id], stretch, levels)
            if image.max() <= 16:  # 4095 of 65535
                passed_over[DARK] += 1
            mask = _read_objects(masks[row.id], classes) if instances else _read_classes(masks[row.id], classes)
            _check_size(images[row.id], image, masks[row.id], mask)
            known = (len(np.unique(mask[mask > 0])),) if instances else counts[row.id]
            yield Sample(row.id, row.group, image, mask, known, row.kind)

    return Source(
        name=name or folder.resolve().name,
        classes=tuple(classes),
        role="proxy",
        origin=origin,
        licence=licence,
        pixel_size=pixel_size,
        splits={
            split: lambda rows=rows: _numbered(samples(rows), masks) if instances else samples(rows)
            for split, rows in table.groupby("split")
        },
        rules={"bit depth": _rule(stretch, levels)},
        passed_over=passed_over,
    )


def _rule(stretch: tuple[float, float] | None, levels: tuple[float, float] | None) -> str:
    for what, limits in (("values", levels), ("percentiles", stretch)):
        if limits is not None:
            return f"{what} {limits[0]:g} to {limits[1]:g}"
    return "full range"


def _files(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist: put the files there")
    files = {}
    for path in image_files(folder, suffixes):
        if path.stem in files:
            raise InputError(f"{path} and {files[path.stem].name} have the same name: keep one of them")
        files[path.stem] = path
    if not files:
        raise InputError(f"{folder} holds no file of a known kind ({', '.join(suffixes)}): put the files there")
    return files


def _read_split(path: Path) -> pd.DataFrame:
    table = read_table(path, ("id", "split"), "write one with the columns id, split and, if known, group")
    for column in table.columns:
        if column not in COLUMNS and not column.startswith(COUNT):
            raise InputError(
                f"{path} has a column {column!r}: rename it to what it is ({', '.join(COLUMNS)}, {COUNT}<class>), or "
                "drop it"
            )
    group = table.get("group", table["id"])
    table = table.assign(group=group.where(group != "", table["id"]), kind=table.get("kind", ""))
    for row in table.itertuples():
        if row.split not in SPLITS:
            raise InputError(
                f"{path}, line {row.Index}: the split {row.split!r} is none of {', '.join(SPLITS)}: correct it"
            )
        if row.kind and row.kind not in KINDS:
            raise InputError(
                f"{path}, line {row.Index}: the kind {row.kind!r} is none of {', '.join(KINDS)}, and not empty: "
                "correct it"
            )
    if table["id"].duplicated().any():
        raise InputError(
            f"{path} names {table.loc[table['id'].duplicated(), 'id'].iloc[0]} twice: keep one line an image"
        )
    for group, splits in table.groupby("group")["split"]:
        if splits.nunique() > 1:
            raise InputError(f"{path}: the group {group} stands in several splits, which leaks: keep each group in one")
    return table


def _read_counts(path: Path, table: pd.DataFrame, classes: Sequence[str]) -> dict[str, tuple[int, ...] | None]:
    columns = [f"{COUNT}{name}" for name in classes[1:]]
    given = [column for column in table.columns if column.startswith(COUNT)]
    if not given:
        return dict.fromkeys(table["id"])
    if sorted(given) != sorted(columns):
        raise InputError(f"{path} has the columns {', '.join(given)}: it needs {', '.join(columns)}, or none of them")
    for number, *row in table[columns].itertuples(name=None):
        for column, value in zip(columns, row, strict=True):
            if not (value.isascii() and value.isdigit() and len(value) < 10):
                raise InputError(f"{path}, line {number}: {column} is {value!r}, write the number of cells")
    return dict(zip(table["id"], table[columns].astype(int).itertuples(index=False, name=None), strict=True))


def _check_pairs(folder: Path, images: dict, masks: dict, table: pd.DataFrame) -> None:
    for name in images:
        if name not in masks:
            raise InputError(
                f"{images[name]} has no mask of the same name in {folder / 'masks'}: add it or drop the image"
            )
    for name in table["id"]:
        if name not in images:
            hint = "give ids without the files' ending" if Path(name).stem in images else "add or drop it"
            raise InputError(f"{folder / 'split.csv'} names {name}, which is not in {folder / 'images'}: {hint}")
    if unused := sorted(set(images) - set(table["id"])):
        raise InputError(f"{folder / 'split.csv'} leaves out {unused[0]} ({len(unused)} in all): assign it to a split")


def _read_objects(path: Path, classes: Sequence[str]) -> np.ndarray:
    if path.suffix.lower() == ".json":
        return read_labelme(path, {name: value for value, name in enumerate(classes)}, instances=True)
    mask = read_mask(path)
    if set(np.unique(mask).tolist()) - {0} == {255}:
        raise InputError(
            f"{path} holds 0 and 255 only, as masks of classes do: give a number for each object, or leave --instances "
            "out"
        )
    return mask.astype(np.uint16)


def _numbered(samples: Iterator[Sample], masks: dict[str, Path]) -> Iterator[Sample]:
    """The samples of a split, of which a mask holds two numbers or else none holds its only number in pieces."""
    numbered, in_pieces = False, None
    for sample in samples:
        numbered = numbered or sample.counts[0] > 1
        if not numbered and in_pieces is None and label(sample.mask).max() > 1:
            in_pieces = sample.id
        yield sample
    if in_pieces is not None and not numbered:
        raise InputError(
            f"{masks[in_pieces]} holds one number in pieces, and no mask of its split has two numbers: give a number "
            "for each object, or leave --instances out"
        )


def _read_classes(path: Path, classes: Sequence[str]) -> np.ndarray:
    if path.suffix.lower() == ".json":
        return read_labelme(path, {name: value for value, name in enumerate(classes)})
    mask = read_mask(path)
    if len(classes) == 2 and set(np.unique(mask).tolist()) <= {0, np.iinfo(mask.dtype).max}:
        return (mask > 0).astype(np.uint8)
    unknown = np.setdiff1d(mask, np.arange(len(classes)))
    if unknown.size:
        known = ", ".join(f"{value} {name}" for value, name in enumerate(classes))
        objects = ", or give --instances if each number is an object" if len(classes) == 2 else ""
        raise InputError(
            f"{path} holds the value {unknown[0]}, which is no class ({known}): correct mask or --classes{objects}"
        )
    return mask.astype(np.uint8)


def _check_size(image_path: Path, image: np.ndarray, mask_path: Path, mask: np.ndarray) -> None:
    if image.shape[:2] != mask.shape:
        sizes = [f"{width} x {height}" for height, width in (mask.shape, image.shape[:2])]
        raise InputError(f"{mask_path} is {sizes[0]} pixels and {image_path} {sizes[1]}: export both at the same size")
