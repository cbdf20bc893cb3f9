"""Preprocessing of images before a network sees them (Li et al. 2021, section 2)."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Preprocessing:
    """Resizing, then contrast-limited adaptive histogram equalisation (CLAHE) on the brightness Y of YUV.

    Attributes:
        size: (H, W) that images are resized to, or None to keep theirs.
        clahe_clip: clip limit, or None for no equalisation.
        clahe_grid: tiles along each side.
    """

    size: tuple[int, int] | None = None
    clahe_clip: float | None = 2.0
    clahe_grid: int = 8

    def resize(self, image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Brings image (area average) and mask (nearest label) to `size`."""
        if self.size is None or image.shape[:2] == tuple(self.size):
            return image, mask
        size = self.size[::-1]
        return (
            cv2.resize(image, size, interpolation=cv2.INTER_AREA),
            cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT),
        )

    def equalise(self, image: np.ndarray) -> np.ndarray:
        """CLAHE on Y: (H, W, 3) uint8 RGB to the same."""
        if self.clahe_clip is None:
            return image
        clahe = cv2.createCLAHE(clipLimit=self.clahe_clip, tileGridSize=(self.clahe_grid, self.clahe_grid))
        yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV)
        yuv[..., 0] = clahe.apply(yuv[..., 0])
        return cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """What a network is given for an image: (H, W, 3) uint8 RGB to (H', W', 3) float32 in [0, 1]."""
        resized, _ = self.resize(image, image[..., 0])
        return scaled(self.equalise(resized))


def scaled(image: np.ndarray) -> np.ndarray:
    """uint8 to float32 in [0, 1]."""
    return image.astype(np.float32) / np.float32(255)
