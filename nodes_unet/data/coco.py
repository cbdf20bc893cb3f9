"""Reader: polygons in COCO's format, as LIVECell comes (Edlund et al. 2021)."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from skimage.draw import polygon

from nodes_unet.data.images import SUFFIXES, read_image
from nodes_unet.data.overlaps import keep_first
from nodes_unet.data.source import SPLITS, Sample, Source
from nodes_unet.errors import InputError

CLASSES = ("background", "cell")
_IN_WELL = re.compile(r"(_\d+)?_\d+d\d+h\d+m_\d+$")  # LIVECell's names end in place in the well, time and crop


def coco_source(
    folder: str | Path,
    *,
    name: str | None = None,
    origin: str = "not stated",
    licence: str = "not stated",
    pixel_size: float | None = None,
) -> Source:
    """Reads the images in `images/` and its folders, and one annotation file a split: `annotations/` holds a JSON file
    each whose name has the word `train`, `val` or `test` in it.

    Masks are instance numbers (H, W) uint16 in the order of the annotations' ids; where two cells overlap the first
    keeps the pixel. LIVECell's images of one well are a group; others are one each. Images that no file names are left
    out.

    Args:
        folder: holds `images/` and `annotations/`.
        name: of the data set; by default the folder's.
        origin, licence: where it comes from, and under which terms.
        pixel_size: micrometres, where known.

    Returns:
        A source with the role `proxy`.

    Raises:
        InputError: a file is missing or no COCO file, an image is there twice or in two splits, an annotation names an
            image that is not in its file, or (while the source is read) an image has another size than its file says or
            a polygon is damaged or lies outside of its image; the sentence names file and annotation.
    """
    folder = Path(folder)
    files = _images(folder / "images")
    annotated = {split: _read(path) for split, path in _annotation_files(folder / "annotations").items()}
    named = _check_apart(annotated.values())
    passed_over = Counter()
    if unnamed := len(files.keys() - named):
        passed_over["images that no annotation file names"] = unnamed

    def samples(path: Path, images: list[dict], annotations: dict[int, list[dict]]) -> Iterator[Sample]:
        for described in images:
            stem = Path(described["file_name"]).stem
            if stem not in files:
                raise InputError(f"{path} names {described['file_name']}, which is not in {folder / 'images'}: add it")
            image = read_image(files[stem])
            _check_size(path, described, image.shape[:2])
            mask = _instances(path, described, annotations[described["id"]], image.shape[:2], passed_over)
            yield Sample(stem, _IN_WELL.sub("", stem), image, mask, (np.unique(mask[mask > 0]).size,))

    return Source(
        name=name or folder.resolve().name,
        classes=CLASSES,
        role="proxy",
        origin=origin,
        licence=licence,
        pixel_size=pixel_size,
        splits={split: lambda content=content: samples(*content) for split, content in annotated.items()},
        rules={"overlap": "the annotation with the lower id keeps the pixel"},
        passed_over=passed_over,
    )


def _listed(folder: Path, pattern: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist: put the files there")
    return sorted(folder.glob(pattern))


def _images(folder: Path) -> dict[str, Path]:
    """Image files by name without ending; LIVECell has them in folders by split and kind of cell."""
    files = {}
    for path in _listed(folder, "**/*"):
        if path.suffix.lower() in SUFFIXES:
            if path.stem in files:
                raise InputError(f"{path} and {files[path.stem]} are both the image {path.stem}: keep one of them")
            files[path.stem] = path
    return files


def _annotation_files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in _listed(folder, "*"):
        named = set(re.findall("[a-z]+", path.stem.lower())) & set(SPLITS) if path.suffix == ".json" else set()
        if len(named) > 1:
            raise InputError(f"{path} is named for the splits {' and '.join(sorted(named))}: a file is for one split")
        for split in named:
            if split in found:
                raise InputError(f"{path} and {found[split].name} are both for the {split} split: keep one of them")
            found[split] = path
    if not found:
        raise InputError(f"{folder} holds no JSON file with {', '.join(SPLITS)} in its name: put the annotations there")
    return found


def _read(path: Path) -> tuple[Path, list[dict], dict[int, list[dict]]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        images, annotations = list(document["images"]), list(document["annotations"])
        known = {image["id"]: Path(image["file_name"]).stem for image in images}
        by_image = defaultdict(list)
        for annotation in sorted(annotations, key=lambda each: each["id"]):
            by_image[annotation["image_id"]].append(annotation)
    except (OSError, RecursionError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no COCO file ({type(error).__name__}: {error}): export it again") from error
    if len(known) < len(images) or len(set(known.values())) < len(images):
        raise InputError(f"{path} has an id or a file_name of an image twice: drop one of them")
    for image, of_image in by_image.items():
        if image not in known:
            raise InputError(f"{path}, annotation {of_image[0]['id']}: there is no image {image}: add it or drop this")
    return path, images, by_image


def _check_apart(splits: Iterable[tuple[Path, list[dict], dict]]) -> set[str]:
    """The names of all images, none of which may be in two splits."""
    seen = {}
    for path, images, _ in splits:
        for described in images:
            stem = Path(described["file_name"]).stem
            if stem in seen:
                raise InputError(f"{path} and {seen[stem].name} both have the image {stem}: an image is in one split")
            seen[stem] = path
    return set(seen)


def _check_size(path: Path, described: dict, shape: tuple[int, int]) -> None:
    stated = described.get("height", shape[0]), described.get("width", shape[1])
    if stated != shape:
        raise InputError(
            f"{path} says {stated[1]} x {stated[0]} pixels of {described['file_name']}, which has {shape[1]} x "
            f"{shape[0]}: take both from the same version of the data"
        )


def _instances(
    path: Path, described: dict, annotations: list[dict], shape: tuple[int, int], passed_over: Counter
) -> np.ndarray:
    mask = np.zeros(shape, np.uint16)
    for number, annotation in enumerate(annotations, 1):
        where = f"{path}, annotation {annotation['id']} of {described['file_name']}"
        region = np.zeros(shape, bool)
        for points in _polygons(annotation, shape, where):
            region[polygon(points[:, 1], points[:, 0], shape)] = True
        keep_first(mask, region, number, passed_over)
    return mask


def _polygons(annotation: dict, shape: tuple[int, int], where: str) -> list[np.ndarray]:
    parts = annotation.get("segmentation")
    if not isinstance(parts, list) or not parts:
        raise InputError(f"{where}: the segmentation is no list of polygons (runs are not read): export polygons")
    polygons = []
    for part in parts:
        try:
            points = np.array(part, float).reshape(-1, 2)
        except (OverflowError, ValueError, TypeError) as error:
            raise InputError(f"{where}: a polygon is no list of pairs x, y: correct it") from error
        if len(points) < 3 or not np.isfinite(points).all():
            raise InputError(f"{where}: a polygon needs 3 or more points, all of them numbers: correct or drop it")
        if (points < -1).any() or (points > np.array(shape[::-1]) + 1).any():
            raise InputError(f"{where}: a polygon goes past the image of {shape[1]} x {shape[0]} pixels: correct it")
        polygons.append(points - 0.5)  # from corners of pixels to their centres
    return polygons
