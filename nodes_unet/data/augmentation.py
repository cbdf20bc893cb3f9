"""Augmentation: fixed copies of each training image (Li et al. 2021, section 2; Abbas & Abdulmunim 2023, 4.2)."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import albumentations
import cv2
import numpy as np

ELASTIC_SIGMA = 12  # pixels


@dataclass(frozen=True)
class Augmentation:
    """Copy 0 is the image itself; each further copy is one draw of flips, geometry and colour.

    Li et al. give the factor and not the transformations, Abbas & Abdulmunim zoom-out, flips and shifts without their
    extent: the defaults are assumed.

    Attributes:
        quarter_turns: whether square images are turned too, besides the flips.
        rotation: largest angle, degrees.
        scale: largest relative change of height and of width, drawn for each.
        zoom_out: largest further shrinking of height and of width, relative.
        shift: largest shift, relative to height and width.
        brightness: largest shift, relative to the full range.
        contrast: largest relative change; or the lowest and the highest.
        hue: largest shift, degrees of OpenCV's half circle (0 to 179).
        saturation: largest shift, grey levels.
        noise: largest standard deviation of Gaussian noise, grey levels.
        blur: largest sigma of Gaussian blur, pixels.
        elastic: standard deviation of shifts, pixels, that vary over the image as white noise after a Gaussian filter
            with a sigma of `ELASTIC_SIGMA` (Simard et al., ICDAR 2003).
    """

    quarter_turns: bool = True
    rotation: float = 15
    scale: float = 0.1
    zoom_out: float = 0
    shift: float = 0
    brightness: float = 0.1
    contrast: float | Sequence[float] = 0.1
    hue: float = 5
    saturation: float = 15
    noise: float = 0
    blur: float = 0
    elastic: float = 0

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
                *self._rarer(),
            ]
        )

    def _rarer(self) -> list[albumentations.BasicTransform]:
        """Those that a recipe has to ask for."""
        # the filter leaves 1 / (2 sqrt(pi) sigma) of the deviation of uniform noise from -1 to 1, which is 1 / sqrt(3)
        alpha = self.elastic * 2 * math.sqrt(3 * math.pi) * ELASTIC_SIGMA
        elastic = albumentations.ElasticTransform(
            alpha, ELASTIC_SIGMA, border_mode=cv2.BORDER_REFLECT_101, noise_distribution="uniform", p=0.5
        )
        blur = albumentations.GaussianBlur(blur_limit=0, sigma_limit=(0, self.blur), p=0.5)
        noise = albumentations.GaussNoise(std_range=(0, self.noise / 255), p=0.5)
        wanted = {"elastic": elastic, "blur": blur, "noise": noise}
        return [transform for name, transform in wanted.items() if getattr(self, name)]


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
