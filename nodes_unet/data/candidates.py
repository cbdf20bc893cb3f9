"""Candidates for labelling (Morelli et al. 2021, section 4.1): a loose selection of objects for an expert to correct.

The paper names its means (filters against noise, a threshold from the histogram's shape) and not its numbers, which are
assumed here.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage
from skimage.filters import threshold_triangle

from nodes_unet.data.images import SUFFIXES, image_files, read_image
from nodes_unet.errors import InputError
from nodes_unet.files import write_text
from nodes_unet.postprocessing import cleaned

LABELME_VERSION = "5.5.0"
COARSE = 6  # places of the background's grid to a radius


def candidates(image: np.ndarray, smoothing: float = 2.0, background: float = 60.0, smallest: int = 200) -> np.ndarray:
    """Bright objects of an image: smoothed, freed of uneven background, cut off where the histogram's tail begins.

    The threshold is that of the triangle method (Zack et al., J. Histochem. Cytochem. 25:741, 1977), for few objects on
    much background.

    Args:
        image: (H, W, 3) uint8 RGB.
        smoothing: sigma of the Gaussian filter against noise, pixels.
        background: radius in which the median is the background, pixels; some times that of an object.
        smallest: pixels of an object, and of a hole in one, that are kept.

    Returns:
        (H, W) bool.
    """
    smooth = cv2.GaussianBlur(image.max(axis=2).astype(np.float32), (0, 0), smoothing)
    raised = smooth - _background(smooth, background)
    if raised.max() - raised.min() < 1:  # of 256 grey values
        return np.zeros(raised.shape, bool)
    return cleaned(raised > max(threshold_triangle(raised), 1), smallest, smallest)


def _background(brightness: np.ndarray, radius: float) -> np.ndarray:
    """Median of a square of that radius, at a coarse grid: (H, W) float32."""
    step = max(1, round(radius / COARSE))
    height, width = (max(1, round(length / step)) for length in brightness.shape)
    coarse = cv2.resize(brightness, (width, height), interpolation=cv2.INTER_AREA)
    median = ndimage.median_filter(coarse, 2 * COARSE + 1, mode="reflect")
    return cv2.resize(median, brightness.shape[::-1], interpolation=cv2.INTER_LINEAR)


def labelme(path: str | Path, image: str | Path, regions: Mapping[str, np.ndarray]) -> dict:
    """The outlines of regions' connected components as polygons of a LabelMe file, which knows no holes.

    Larger ones come first, so that what lies in another one's hole is drawn over it.

    Args:
        path: where the file will be.
        image: the image's path, which LabelMe opens relative to the file.
        regions: by label, (H, W) bool of one shape.

    Returns:
        What the file says.
    """
    height, width = next(iter(regions.values())).shape
    shapes = [
        {
            "label": label,
            "points": outline[:, 0].astype(float).tolist(),
            "group_id": None,
            "shape_type": "polygon",
            "flags": {},
        }
        for label, region in regions.items()
        for outline in _outlines(region)
    ]
    return {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": Path(os.path.relpath(image, Path(path).parent)).as_posix(),
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def _outlines(region: np.ndarray) -> list[np.ndarray]:
    """Of the components of a region (H, W) bool, those in holes of others too: (n, 1, 2) int32 each, largest first."""
    outlines, levels = cv2.findContours(region.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if levels is None:
        return []
    parents = levels[0, :, 3]  # of a hole's outline, that of the component around it
    outer = [outline for outline, parent in zip(outlines, parents, strict=True) if parent < 0 and len(outline) > 2]
    return sorted(outer, key=cv2.contourArea, reverse=True)


def write_labelme(path: str | Path, image: str | Path, regions: Mapping[str, np.ndarray]) -> int:
    """Writes what `labelme` returns, and returns how many polygons it has.

    Raises:
        InputError: the file cannot be written.
    """
    return _write(Path(path), labelme(path, image, regions))


def _write(path: Path, document: dict) -> int:
    write_text(path, json.dumps(document, indent=1))
    return len(document["shapes"])


def propose(
    images: str | Path, out: str | Path, label: str, levels: tuple[float, float] | None = None, **options: float
) -> dict[str, int]:
    """Writes a LabelMe file of candidates for each image of a folder.

    Args:
        images: the folder.
        out: folder of the files, which get the images' names.
        label: of all candidates.
        levels: for `read_image`.
        **options: of `candidates`.

    Returns:
        By file, how many candidates it has.

    Raises:
        InputError: the folder has no image or two of one name, a file exists already, an image cannot be read (nothing
            has been written then), or a file cannot be written.
    """
    if not Path(images).is_dir():
        raise InputError(f"{images} is no folder: name that of the images")
    paths = image_files(Path(images))
    if not paths:
        raise InputError(f"{images} holds no image of a known kind ({', '.join(SUFFIXES)}): name another folder")
    files = {}
    for path in paths:
        file = Path(out) / f"{path.stem}.json"
        if file in files:
            raise InputError(f"{path} and {files[file].name} would both get {file.name}: rename one of them")
        if file.exists():
            raise InputError(
                f"{file} exists, perhaps with an expert's corrections: move it away, or name another --out"
            )
        files[file] = path
    found = {file: candidates(read_image(path, levels=levels), **options) for file, path in files.items()}
    documents = {file: labelme(file, path, {label: found[file]}) for file, path in files.items()}
    return {str(file): _write(file, document) for file, document in documents.items()}
