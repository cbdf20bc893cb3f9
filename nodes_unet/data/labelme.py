"""Masks from the files of LabelMe (versions 5 and 6), the tool that Li et al. 2021 (section 2) labelled with.

Areas are drawn with Pillow, in the order of the file, exactly as LabelMe's own export (`labelme.utils.shapes_to_label`)
draws them, so a mask equals that export pixel by pixel. A file is not trusted: only its numbers, its labels and the PNG
images of its `mask` shapes are used; `imagePath` and `imageData` are never opened.
"""

import base64
import io
import json
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nodes_unet.errors import InputError

# Below the size from which Pillow warns of decompression bombs, so that the mask image of a whole image can be opened.
MAX_PIXELS = 80_000_000
# Pillow's drawing routines count in C integers and slow down with the radius of a circle.
MAX_COORDINATE = 100_000

# What Pillow raises on a damaged or oversized PNG image, and base64 on damaged text.
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning, Image.DecompressionBombError)

Point = tuple[float, float]


def read_labelme(path: str | Path, classes: Mapping[str, int], *, instances: bool = False) -> np.ndarray:
    """Draws the shapes of a LabelMe file as a mask of classes, or of objects.

    Shapes of type polygon (also where the type is missing or null), rectangle, oriented_rectangle, circle (centre and
    a point on the rim) and mask are drawn in the order of the file, later ones over earlier ones. What lies outside of
    the image is cut off. Pixels that no shape covers are 0.

    Args:
        path: the JSON file.
        classes: value (0 to 255) for each label name; a name that is not listed as written is looked up without regard
            to case and to blanks around it.
        instances: whether shapes whose class is not 0 get a number each, those of one `group_id` the same; 1 and up.

    Returns:
        (H, W) uint8 classes, or uint16 instances.

    Raises:
        InputError: the file is missing, no JSON, without image size, over 80 megapixels, has more than 65535 shapes of
            instances, or one of its shapes has an unknown label or a class beyond 255, a type without area, too few or
            unusable points, or an unusable mask image, or is an instance of which no pixel is left.
    """
    path = Path(path)
    document = _load(path)
    height, width = _image_size(document, path)
    canvas, groups, shapes = Image.new("I" if instances else "L", (width, height)), {}, _shapes(document, path)
    drawn = {}
    if instances and len(shapes) > np.iinfo(np.uint16).max:
        raise InputError(f"{path} has {len(shapes)} shapes, more than 65535; label a smaller part of the image")
    for number, shape in enumerate(shapes, start=1):
        where = f"{path}: shape {number}"
        label = _label(shape, where)
        value = _value(label, classes, where)
        if instances and value:
            group = shape.get("group_id")
            value = groups.setdefault(group, number) if isinstance(group, int) else number
            drawn[value] = f"{where} ({label!r})"
        _draw(canvas, shape, value, f"{where} ({label!r})")
    mask = np.array(canvas).astype(np.uint16 if instances else np.uint8)
    if lost := drawn.keys() - set(np.unique(mask).tolist()):
        raise InputError(f"{drawn[min(lost)]} is outside of the image or wholly under others: correct it in LabelMe")
    return mask


def _load(path: Path) -> dict:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no complete JSON file ({error}); save it again in LabelMe") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} holds JSON, but no LabelMe file; save it again in LabelMe")
    return document


def _image_size(document: dict, path: Path) -> tuple[int, int]:
    """Returns the height and the width in pixels."""
    height, width = sides = [document.get(name) for name in ("imageHeight", "imageWidth")]
    if not all(type(side) is int and side > 0 for side in sides):
        raise InputError(f"{path}: imageHeight and imageWidth must be positive numbers; save the file again in LabelMe")
    if height * width > MAX_PIXELS:
        raise InputError(
            f"{path}: an image of {width} x {height} pixels is over the limit of {MAX_PIXELS // 10**6} megapixels; "
            "label a smaller part of it"
        )
    return height, width


def _shapes(document: dict, path: Path) -> list[dict]:
    shapes = document.get("shapes")
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise InputError(f"{path} has no list of shapes; save it again in LabelMe")
    return shapes


def _label(shape: dict, where: str) -> str:
    label = shape.get("label")
    if not isinstance(label, str):
        raise InputError(f"{where} has no label; give it one in LabelMe")
    return label


def _value(label: str, classes: Mapping[str, int], where: str) -> int:
    folded = {name.strip().casefold(): value for name, value in classes.items()}
    value = classes.get(label, folded.get(label.strip().casefold()))
    if value is None:
        known = ", ".join(repr(name) for name in classes)
        raise InputError(f"{where} has the unknown label {label!r}; use one of {known}")
    if not 0 <= value <= 255:
        raise InputError(f"{where}: the label {label!r} has the class {value}; choose one from 0 to 255")
    return value


def _draw(canvas: Image.Image, shape: dict, value: int, where: str) -> None:
    """Draws one shape onto the canvas, a Pillow image of mode L or I, in place."""
    kind = shape.get("shape_type")
    if kind is None:
        kind = "polygon"
    if kind == "mask":
        _paste_mask(canvas, shape, value, where)
    elif isinstance(kind, str) and kind in OUTLINES:
        fewest, most, draw = OUTLINES[kind]
        draw(ImageDraw.Draw(canvas), _points(shape, fewest, most, where), value)
    else:
        raise InputError(
            f"{where} is of type {kind!r}, which covers no area; draw it again as one of {', '.join(OUTLINES)} or mask"
        )


def _points(shape: dict, fewest: int, most: float, where: str) -> list[Point]:
    points = shape.get("points")
    if not isinstance(points, list) or not fewest <= len(points) <= most:
        wanted = f"{fewest}" if fewest == most else f"at least {fewest}"
        found = len(points) if isinstance(points, list) else "none"
        raise InputError(f"{where} needs {wanted} points and has {found}; draw it again in LabelMe")
    for point in points:
        if not (isinstance(point, list) and len(point) == 2 and all(map(_is_coordinate, point))):
            raise InputError(
                f"{where} has the point {point!r:.60}, which is no pair of numbers from {-MAX_COORDINATE} to "
                f"{MAX_COORDINATE}; draw it again in LabelMe"
            )
    return [(x, y) for x, y in points]


def _is_coordinate(number: object) -> bool:
    # A NaN fails the comparison.
    return isinstance(number, (int, float)) and abs(number) <= MAX_COORDINATE


def _draw_polygon(draw: ImageDraw.ImageDraw, points: list[Point], value: int) -> None:
    draw.polygon(points, fill=value, outline=value)


def _draw_rectangle(draw: ImageDraw.ImageDraw, points: list[Point], value: int) -> None:
    xs, ys = zip(*points, strict=True)
    draw.rectangle((min(xs), min(ys), max(xs), max(ys)), fill=value, outline=value)


def _draw_circle(draw: ImageDraw.ImageDraw, points: list[Point], value: int) -> None:
    (x, y), rim = points
    radius = math.dist((x, y), rim)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=value, outline=value)


# For each type of shape that is given by points alone: the fewest and the most points, and how to draw it.
OUTLINES: dict[str, tuple[int, float, Callable[[ImageDraw.ImageDraw, list[Point], int], None]]] = {
    "polygon": (3, math.inf, _draw_polygon),
    "rectangle": (2, 2, _draw_rectangle),
    "oriented_rectangle": (4, 4, _draw_polygon),
    "circle": (2, 2, _draw_circle),
}


def _paste_mask(canvas: Image.Image, shape: dict, value: int, where: str) -> None:
    """Sets the pixels of a `mask` shape: a PNG image (0: not covered) and its box, both corners included."""
    (x1, y1), (x2, y2) = ((int(x), int(y)) for x, y in _points(shape, 2, 2, where))
    box = (x2 - x1 + 1, y2 - y1 + 1)
    # LabelMe 5 lets a box end one pixel after the area, and cuts only the mask image off at the image's last pixel.
    cut = (min(x2, canvas.width - 1) - x1 + 1, min(y2, canvas.height - 1) - y1 + 1)
    covered = _decode_mask(shape.get("mask"), (box, cut), where)
    canvas.paste(value, (x1, y1), Image.fromarray(covered))


def _decode_mask(encoded: object, sizes: tuple[tuple[int, int], ...], where: str) -> np.ndarray:
    """Returns a (height, width) boolean array; `sizes` are the (width, height) that the mask image may have."""
    if not isinstance(encoded, str):
        raise InputError(f"{where} has no mask image; draw it again in LabelMe")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            png = Image.open(io.BytesIO(base64.b64decode(encoded)), formats=["PNG"])
        fits = png.size in sizes
        if fits:
            png.load()
    except UNREADABLE as error:
        raise InputError(f"{where} has a mask that is no readable PNG image; draw it again in LabelMe") from error
    if not fits:
        (width, height), *_ = sizes
        raise InputError(
            f"{where} has a mask image of {png.width} x {png.height} pixels in a box of {width} x {height}; "
            "draw it again in LabelMe"
        )
    pixels = np.asarray(png)
    if pixels.ndim != 2:
        raise InputError(f"{where} has a mask image in colour; draw it again in LabelMe")
    return pixels != 0
