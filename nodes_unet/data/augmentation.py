"""Augmentation: fixed copies of each training image (Li et al. 2021, section 2; Abbas & Abdulmunim 2023, 4.2)."""

import random
from dataclasses import dataclass

import albumentations
import cv2
import numpy as np


@dataclass(frozen=True)
class Augmentation:
    """Copy 0 is the image itself; each further copy is one draw of flips, geometry and colour.

    Li et al. give the factor and not the transformations, Abbas & Abdulmunim zoom-out, flips and shifts without their
    extent: the defaults are assumed.

    Attributes:
        quarter_turns: whether square images are turned too, besides the flips.
        rotation: largest angle, degrees.
        scale: largest relative change of size.
        zoom_out: largest further shrinking, relative.
        shift: largest shift, relative to height and width.
        brightness, contrast: largest relative changes.
        hue: largest shift, degrees of OpenCV's half circle (0 to 179).
        saturation: largest shift, grey levels.
    """

    quarter_turns: bool = True
    rotation: float = 15
    scale: float = 0.1
    zoom_out: float = 0
    shift: float = 0
    brightness: float = 0.1
    contrast: float = 0.1
    hue: float = 5
    saturation: float = 15

    def pipeline(self, square: bool) -> albumentations.Compose:
        """The transformations, to be seeded for each copy; an image that is not square keeps its upright size."""
        flips = [albumentations.HorizontalFlip(p=0.5), albumentations.VerticalFlip(p=0.5)]
        return albumentations.Compose(
            [
                *([albumentations.D4(p=1)] if square and self.quarter_turns else flips),
                albumentations.Affine(
                    rotate=(-self.rotation, self.rotation),
                    scale=(1 - self.scale - self.zoom_out, 1 + self.scale),
                    translate_percent=(-self.shift, self.shift),
                    border_mode=cv2.BORDER_REFLECT_101,
                    p=0.8,
                ),
                albumentations.RandomBrightnessContrast(self.brightness, self.contrast, p=0.8),
                albumentations.HueSaturationValue(self.hue, self.saturation, 0, p=0.5),
            ]
        )


class Augmenter:
    """Draws the copies: the same copy of the same image under the same seed is always the same picture."""

    def __init__(self, augmentation: Augmentation, seed: int):
        self.pipelines, self.seed = [augmentation.pipeline(square) for square in (False, True)], seed

    def __call__(self, image: np.ndarray, mask: np.ndarray, index: int, copy: int) -> tuple[np.ndarray, np.ndarray]:
        """Copy number `copy` of image number `index`; the mask keeps to the image, labels are never mixed."""
        if copy == 0:
            return image, mask
        pipeline = self.pipelines[image.shape[0] == image.shape[1]]
        place = [self.seed, index, copy]
        # shared by all transformations: set_random_seed would give each of them the same numbers
        pipeline.set_random_state(np.random.default_rng(place), random.Random(str(place)))
        drawn = pipeline(image=image, mask=mask)
        return drawn["image"], drawn["mask"]
