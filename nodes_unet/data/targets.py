"""What a network is to predict for each pixel, from a dataset's masks."""

import cv2
import numpy as np

from nodes_unet.errors import InputError

BORDER = 3  # pixels of a mask, on either side of a cell's edge


def classes(mask: np.ndarray) -> np.ndarray:
    """Classes as they are: (H, W) uint8 to the same."""
    return mask


def filled(mask: np.ndarray) -> np.ndarray:
    """1 on cells: (H, W) uint8 classes or uint16 instances to (H, W) uint8."""
    return (mask > 0).astype(np.uint8)


def apart(mask: np.ndarray) -> np.ndarray:
    """Instances with background between those that touch: (H, W) uint16 to the same.

    Where two of them are neighbours (8), the pixels of the one with the lower number become background.
    """
    highest = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return np.where(highest > mask, 0, mask).astype(mask.dtype)


def border(mask: np.ndarray) -> np.ndarray:
    """1 on cells within `BORDER` pixels of another cell or the background: like `filled`."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BORDER + 1, 2 * BORDER + 1))
    return ((mask > 0) & (cv2.erode(mask, disc) != cv2.dilate(mask, disc))).astype(np.uint8)


TARGETS = {"classes": classes, "filled": filled, "border": border}


def target(name: str):
    """The function of a name.

    Raises:
        InputError: the name is unknown.
    """
    if name not in TARGETS:
        raise InputError(f"target {name!r} is none of {', '.join(TARGETS)}")
    return TARGETS[name]
