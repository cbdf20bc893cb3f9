"""Reader: polygons in COCO's format, as LIVECell comes (Edlund et al. 2021)."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from skimage.draw import polygon

from nodes_unet.data.images import SUFFIXES, read_image
from nodes_unet.data.source import SPLITS, Sample, Source
from nodes_unet.errors import InputError

CLASSES = ("background", "cell")


def coco_source(
    folder: str | Path, *, name: str | None = None, origin: str = "not stated", licence: str = "not stated"
) -> Source:
    """Reads `images/` and one annotation file a split: `annotations/` holds a JSON file each whose name has `train`,
    `val` or `test` in it.

    Masks are instance numbers (H, W) uint16 in the order of the annotations' ids; where two cells overlap the first
    keeps the pixel.

    Args:
        folder: holds `images/` and `annotations/`.
        name: of the data set; by default the folder's.
        origin, licence: where it comes from, and under which terms.

    Returns:
        A source with the role `proxy`.

    Raises:
        InputError: a file is missing or no COCO file, an annotation names an image that is not in it, or (while the
            source is read) a polygon is damaged or lies outside of its image; the sentence names file and annotation.
    """
    folder = Path(folder)
    files = {path.stem: path for path in _listed(folder / "images") if path.suffix.lower() in SUFFIXES}
    annotated = {split: _read(path) for split, path in _annotation_files(folder / "annotations").items()}

    def samples(path: Path, images: list[dict], annotations: dict[int, list[dict]]) -> Iterator[Sample]:
        for described in images:
            stem = Path(described["file_name"]).stem
            if stem not in files:
                raise InputError(f"{path} names {described['file_name']}, which is not in {folder / 'images'}: add it")
            image = read_image(files[stem])
            mask = _instances(path, described, annotations[described["id"]], image.shape[:2])
            yield Sample(stem, stem, image, mask, (np.unique(mask[mask > 0]).size,))

    return Source(
        name=name or folder.resolve().name,
        classes=CLASSES,
        role="proxy",
        origin=origin,
        licence=licence,
        splits={split: lambda content=content: samples(*content) for split, content in annotated.items()},
        rules={"overlap": "the annotation with the lower id keeps the pixel"},
    )


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist: put the files there")
    return sorted(folder.iterdir())


def _annotation_files(folder: Path) -> dict[str, Path]:
    found = {}
    for path in _listed(folder):
        for split in SPLITS:
            if path.suffix == ".json" and split in path.stem:
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
        known = {image["id"]: str(image["file_name"]) for image in images}
        by_image = defaultdict(list)
        for annotation in sorted(annotations, key=lambda each: each["id"]):
            by_image[annotation["image_id"]].append(annotation)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no COCO file ({type(error).__name__}: {error}): export it again") from error
    for image, of_image in by_image.items():
        if image not in known:
            raise InputError(f"{path}, annotation {of_image[0]['id']}: there is no image {image}: add it or drop this")
    return path, images, by_image


def _instances(path: Path, described: dict, annotations: list[dict], shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.uint16)
    for number, annotation in enumerate(annotations, 1):
        where = f"{path}, annotation {annotation['id']} of {described['file_name']}"
        for points in _polygons(annotation, shape, where):
            inside = polygon(points[:, 1], points[:, 0], shape)
            mask[inside] = np.where(mask[inside] == 0, number, mask[inside])
    return mask


def _polygons(annotation: dict, shape: tuple[int, int], where: str) -> list[np.ndarray]:
    parts = annotation.get("segmentation")
    if not isinstance(parts, list) or not parts:
        raise InputError(f"{where}: the segmentation is no list of polygons (runs are not read): export polygons")
    polygons = []
    for part in parts:
        try:
            points = np.array(part, float).reshape(-1, 2)
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: a polygon is no list of pairs x, y: correct it") from error
        if len(points) < 3 or not np.isfinite(points).all():
            raise InputError(f"{where}: a polygon needs 3 or more points, all of them numbers")
        if (points < -1).any() or (points > np.array(shape[::-1]) + 1).any():
            raise InputError(f"{where}: a polygon goes past the image of {shape[1]} x {shape[0]} pixels")
        polygons.append(points - 0.5)  # from corners of pixels to their centres
    return polygons
