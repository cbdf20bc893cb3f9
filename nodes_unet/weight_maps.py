"""Weights of pixels for a loss that punishes errors most where cells crowd (Morelli et al. 2021, section 4.2).

Each object adds exp(-d^2 / (2 sigma^2)) to every pixel, d being the pixel's Euclidean distance from the object (0 on
it, as in the authors' code; step 4 of the section can also be read as the distance from its border inside of it); cells
and background then get a factor each.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import cv2
import numpy as np
from scipy import ndimage

from nodes_unet.distances import inner_distances
from nodes_unet.errors import InputError

TOLERANCE = 1e-6  # relative error of a map where the sum over objects is at least FLOOR
FLOOR = 1e-3
CUT = 0.9 * TOLERANCE  # what windows may cost; the rest is for the rounding to float32, 6e-8
TILES = 32  # along each side of the image, for bounds of what windows cost

AUTHORS_CODE = {
    "sigma": 25.0,
    "cell_weight": 1.5,
    "background_weight": 1.0,
    "at_least": 1.0,
    "within": 100,
    "divisor": 3.8177538,
    "min_object": 100,
    "min_hole": 200,
    "connectivity": 4,
}
"""Arguments of `weight_map` that make it github.com/robomorelli/cell_counting_yellow's `make_weights`.

Except in one thing: there, an object is whatever lies in its bounding box, parts of other objects included.
"""


def weight_map(
    mask: np.ndarray,
    sigma: float = 25.0,
    *,
    cell_weight: float = 1.0,
    background_weight: float = 1.5,
    at_least: float = 0.0,
    within: int | None = None,
    divisor: float = 1.0,
    min_object: int = 0,
    min_hole: int = 0,
    connectivity: int = 8,
) -> np.ndarray:
    """Weights of the pixels of a mask; by default as the paper has them.

    Exact but for what lies far from an object. Let S be the sum over objects: where S is at least `FLOOR` (or
    `at_least`, if that is more), the map's relative error is at most `TOLERANCE`; elsewhere its absolute error is at
    most `TOLERANCE` times that number, before the factors below. This holds for sigma up to 200 pixels. The time for an
    object depends on its size, on sigma and on where the others are, and hardly on the image's size. A mask without
    objects has S = 1 everywhere, as in the authors' code.

    Args:
        mask: (H, W). Of bool, or of uint8 with one number beside 0, whose connected components are the objects; or of
            another integer type, whose every number other than 0 is an object, in one piece or several.
        sigma: pixels; the paper takes the mean radius of a cell.
        cell_weight, background_weight: factors on cells and background. The paper has 1 and 1.5, its code 1.5 and 1.
        at_least: what S is raised to where it is less, before these factors.
        within: S is set to 0 on cells and on background outside the squares of this side around the pixels of cells;
            by default it stays. An even square has its surplus row and column at the top and left.
        divisor: of the whole map.
        min_object: pixels that an object must have, or else it is background.
        min_hole: pixels that a region of background must have (4 neighbours), or else it belongs to the nearest object.
            Small objects go before small holes.
        connectivity: neighbours of a pixel, 8 or 4, in the components of a bool or uint8 mask.

    Returns:
        (H, W) float32.

    Raises:
        InputError: the mask is not a two-dimensional one of integers from 0 on, is of uint8 and has several numbers, or
            an argument makes no sense.
    """
    _check(mask, sigma, within, divisor, connectivity)
    _check_weights(cell_weight=cell_weight, background_weight=background_weight, at_least=at_least)
    if mask.dtype in (bool, np.uint8):
        labels = _components(mask, connectivity, min_object, min_hole)
    else:
        labels = _instances(mask, min_object, min_hole)
    cells = labels > 0
    total = _sum(labels, float(sigma), max(FLOOR, at_least))
    if within is not None and cells.any():
        square, anchor = np.ones((within, within), np.uint8), ((within - 1) // 2,) * 2
        total[cells | (cv2.dilate(cells.astype(np.uint8), square, anchor=anchor) == 0)] = 0
    np.maximum(total, at_least, out=total)
    total *= np.where(cells, cell_weight / divisor, background_weight / divisor)
    return total.astype(np.float32)


def reach(boxes: Sequence[tuple[slice, slice]], shape: tuple[int, int], sigma: float, floor: float = FLOOR) -> int:
    """Pixels around the objects' bounding boxes beyond which `weight_map` leaves objects out.

    At no pixel would those left out add more than `CUT` of the sum over objects, or of the floor where that is more.
    Both are bounded on tiles of the image, with boxes in place of objects: then exp(-d^2 / (2 sigma^2)) is a factor for
    the row times one for the column, and a sum over objects a product of matrices.

    Args:
        boxes: rows and columns of each object, of one or more.
        shape: (H, W) of the image.
        sigma: pixels.
        floor: what counts in place of the sum where that is less.
    """
    rows, columns = (_Tiles(boxes, axis, length, sigma) for axis, length in enumerate(shape))
    allowed = CUT * np.maximum(floor, rows.least @ columns.least.T)

    def enough(distance: int) -> bool:
        left_out = rows.beyond(distance) @ columns.most.T + rows.most @ columns.beyond(distance).T
        return bool((left_out <= allowed).all())

    return bisect_left(range(max(shape)), True, key=enough)


class _Tiles:
    """What holds along one axis for the pixels of tiles and boxes, each (tiles, boxes).

    Attributes:
        farthest: distance from a box that no pixel of a tile exceeds.
        most, least: bounds of the factor between any pixel of a tile and any pixel of a box.
    """

    def __init__(self, boxes: Sequence[tuple[slice, slice]], axis: int, length: int, sigma: float):
        first, last = np.array([(box[axis].start, box[axis].stop - 1) for box in boxes]).T
        edges = np.linspace(0, length, min(TILES, length) + 1).astype(int)[:, np.newaxis]
        begin, end = edges[:-1], edges[1:] - 1
        self.sigma = sigma
        self.farthest = np.maximum(end - last, first - begin)
        self.most = self._factor(np.maximum(0, np.maximum(begin - last, first - end)))
        self.least = self._factor(np.maximum(end - first, last - begin))

    def beyond(self, distance: int) -> np.ndarray:
        """The most for pixels of a tile that are farther than so many from a box; 0 where there are none."""
        return np.where(self.farthest > distance, np.minimum(self.most, self._factor(distance + 1)), 0)

    def _factor(self, distance: np.ndarray | int) -> np.ndarray:
        return np.exp(-0.5 * (distance / self.sigma) ** 2)


def _sum(labels: np.ndarray, sigma: float, floor: float) -> np.ndarray:
    """exp(-d^2 / (2 sigma^2)), summed over labels: (H, W) float64.

    OpenCV's distances are float32. Squares of distances between pixels are whole numbers, which rounding restores up to
    distances of 1600.
    """
    boxes = {number: box for number, box in enumerate(ndimage.find_objects(labels), start=1) if box is not None}
    if not boxes:
        return np.ones(labels.shape)
    margin = reach(list(boxes.values()), labels.shape, sigma, floor)
    total, factor = np.zeros(labels.shape), -0.5 / sigma**2
    for number, box in boxes.items():
        starts = [max(0, side.start - margin) for side in box]
        stops = [min(length, side.stop + margin) for side, length in zip(box, labels.shape, strict=True)]
        outside = np.ones((stops[0] - starts[0], stops[1] - starts[1]), np.uint8)
        inner = tuple(slice(side.start - start, side.stop - start) for side, start in zip(box, starts, strict=True))
        outside[inner] = labels[box] != number
        squares = inner_distances(outside)
        np.rint(np.multiply(squares, squares, out=squares), out=squares)
        terms = np.multiply(squares, factor, dtype=np.float64)
        cv2.accumulate(cv2.exp(terms, terms), total[starts[0] : stops[0], starts[1] : stops[1]])
    return total


def _components(mask: np.ndarray, connectivity: int, min_object: int, min_hole: int) -> np.ndarray:
    region = _large(mask > 0, min_object, connectivity)
    if region.any():
        region = ~_large(~region, min_hole, 4)
    return cv2.connectedComponents(region.astype(np.uint8), connectivity=connectivity)[1]


def _instances(mask: np.ndarray, min_object: int, min_hole: int) -> np.ndarray:
    numbers = np.append(np.zeros(1, mask.dtype), mask)  # so that 0 is there, and stays 0
    labels = np.unique(numbers, return_inverse=True)[1][1:] if mask.max() > mask.size else numbers[1:]
    labels = labels.reshape(mask.shape).astype(np.int32)
    if min_object > 1:
        labels[np.bincount(labels.ravel())[labels] < min_object] = 0
    if min_hole > 1 and labels.any():
        nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
        labels = np.where(_large(labels == 0, min_hole, 4), 0, labels[tuple(nearest)])
    return labels


def _large(region: np.ndarray, area: int, connectivity: int) -> np.ndarray:
    """The region without its components of fewer than so many pixels."""
    if area <= 1:
        return region
    _, labels, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=connectivity)
    large = stats[:, cv2.CC_STAT_AREA] >= area
    large[0] = False
    return large[labels]


def _check(mask: np.ndarray, sigma: float, within: int | None, divisor: float, connectivity: int) -> None:
    if mask.ndim != 2 or mask.dtype.kind not in "bui":
        raise InputError(f"a mask is (H, W) of bool or integers, not {mask.shape} of {mask.dtype}")
    if mask.size == 0 or mask.min() < 0:
        raise InputError("a mask has pixels, and no number below 0")
    if mask.dtype == np.uint8 and ((mask > 0) & (mask < mask.max())).any():
        raise InputError(
            "a mask of uint8 is 0 on background and one number on objects: give instances as uint16, classes as bool"
        )
    if not (math.isfinite(sigma) and sigma > 0):
        raise InputError(f"sigma is a number of pixels above 0, not {sigma}")
    if within is not None and within < 1:
        raise InputError(f"within is the side of a square, 1 or more, not {within}")
    if not (math.isfinite(divisor) and divisor > 0):
        raise InputError(f"divisor is a number above 0, not {divisor}")
    if connectivity not in (4, 8):
        raise InputError(f"connectivity is 4 or 8, not {connectivity}")


def _check_weights(**weights: float) -> None:
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"{name} is a number from 0 on, not {weight}")
