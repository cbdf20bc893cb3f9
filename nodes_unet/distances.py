"""Euclidean distances between pixels."""

import cv2
import numpy as np


def inner_distances(region: np.ndarray) -> np.ndarray:
    """Distance of each pixel of a region from the nearest pixel outside of it.

    By OpenCV alone: Intel's IPP, which OpenCV prefers on one thread and for small images, takes longer, and its
    distances are not the same at each call (github.com/opencv/opencv/issues/24082).

    Args:
        region: (H, W) bool or uint8, with a pixel of 0 at least.

    Returns:
        (H, W) float32, in pixels, 0 outside of the region.
    """
    preferred = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)  # for this thread
    try:
        return cv2.distanceTransform(region.astype(np.uint8, copy=False), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    finally:
        cv2.ipp.setUseIPP(preferred)
