"""Preprocessing of images before a network sees them (Li et al. 2021, section 2; Abbas & Abdulmunim 2023, 4.2)."""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from nodes_unet.errors import InputError


def _unit(image: np.ndarray) -> np.ndarray:
    return image / np.float32(255)


def _as_imagenet(image: np.ndarray, mode: str) -> np.ndarray:
    from keras.applications.imagenet_utils import preprocess_input

    return preprocess_input(image.copy(), data_format="channels_last", mode=mode)


# to [0, 1]; left at 0 to 255; and Keras' names of the three that encoders were trained on ImageNet with
SCALINGS = {
    "unit": _unit,
    "none": np.asarray,
    **{mode: partial(_as_imagenet, mode=mode) for mode in ("tf", "caffe", "torch")},
}


@dataclass(frozen=True)
class Preprocessing:
    """Resizing, contrast-limited adaptive histogram equalisation (CLAHE) on the brightness Y of YUV, and scaling.

    Attributes:
        size: (H, W) that images are resized to, or None to keep theirs.
        clahe_clip: clip limit, or None for no equalisation.
        clahe_grid: tiles along each side.
        scaling: one of `SCALINGS`.
    """

    size: tuple[int, int] | None = None
    clahe_clip: float | None = 2.0
    clahe_grid: int = 8
    scaling: str = "unit"

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

    def scale(self, image: np.ndarray) -> np.ndarray:
        """uint8 RGB to float32 in the range that the network is trained on."""
        return SCALINGS[self.scaling](image.astype(np.float32))

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """What a network is given for an image: (H, W, 3) uint8 RGB to (H', W', 3) float32.

        Raises:
            InputError: the image is of another kind.
        """
        if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3):
            kind = f"{image.shape} of {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
            raise InputError(
                f"an image is (H, W, 3) uint8 RGB, not {kind}: nodes_unet.data.images.read_image gives one for a file"
            )
        resized, _ = self.resize(image, image[..., 0])
        return self.scale(self.equalise(resized))
