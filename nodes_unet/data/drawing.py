"""What synthetic images are drawn with, the same bytes on every machine.

Vectorised sines, exponentials and float filters differ in the last bit from processor to processor; so outlines are
rounded to 1/16 pixel, and pixels otherwise see only elementwise arithmetic and OpenCV's bit-exact integer filters.
"""

import math

import cv2
import numpy as np

OUTLINE_POINTS = 72
SUBPIXEL_BITS = 4

# Standard deviation of uniform 16-bit noise.
NOISE_SPREAD = 65536 / math.sqrt(12)


def closed_outline(
    rng: np.random.Generator, radius: float, roughness: float, elongation: float, axis: float
) -> np.ndarray:
    """Closed irregular outline about the origin, as (OUTLINE_POINTS, 2) columns and rows."""
    angles = np.linspace(0, 2 * math.pi, OUTLINE_POINTS, endpoint=False)
    orders = np.arange(3, 8)
    heights, phases = rng.normal(0, 3 * roughness / orders), rng.uniform(0, 2 * math.pi, orders.size)
    waves = heights[:, None] * np.cos(orders[:, None] * angles + phases[:, None])
    distance = radius * (1 + elongation * np.cos(2 * angles + axis) + waves.sum(axis=0))
    return np.stack([distance * np.cos(angles), distance * np.sin(angles)], axis=1)


def reach(outline: np.ndarray) -> int:
    """Half the size of a patch that holds an outline about its middle."""
    return math.ceil(np.abs(outline).max()) + 1


def fill(outline: np.ndarray, half: int) -> np.ndarray:
    """Inside of an outline about the middle of a patch of 2 * half + 1 pixels, bool."""
    inside = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    points = np.rint((outline + half) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(inside, [points], 1, shift=SUBPIXEL_BITS)
    return inside.view(bool)


def blur(region: np.ndarray, sigma: float) -> np.ndarray:
    """Region of soft edges, float32 from 0 to 1."""
    return cv2.GaussianBlur(region.astype(np.uint16) * 65535, (0, 0), sigma).astype(np.float32) / 65535


def texture(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Smooth random texture of about zero mean and unit variance, grain `sigma` pixels, float32."""
    noise = cv2.GaussianBlur(rng.integers(0, 65536, shape, np.uint16), (0, 0), sigma)
    # A Gaussian filter of this width leaves 1 / (2 sqrt(pi) sigma) of the standard deviation of white noise.
    return (noise.astype(np.float32) - 32768) * np.float32(2 * math.sqrt(math.pi) * sigma / NOISE_SPREAD)


def clouds(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Unevenness of the film behind the cells, patches of 24 pixels, float32 about zero."""
    height, width = shape
    film = rng.integers(0, 65536, (height // 24 + 2, width // 24 + 2), np.uint16)
    film = cv2.resize(film, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return (film.astype(np.float32) - 32768) / np.float32(NOISE_SPREAD)


def vignette(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Relative illumination (H, W) float32: 1 at a point near the middle, falling off towards the corners."""
    falloff = rng.uniform(0.0, 0.16)
    rows, columns = ((np.linspace(-1, 1, length) - rng.uniform(-0.3, 0.3)) ** 2 * (falloff / 2) for length in shape)
    return (1 - rows[:, None] - columns).astype(np.float32)


def without_gaps(instances: np.ndarray) -> np.ndarray:
    """Instances with the numbers that do not occur closed up, in the same order."""
    occurs = np.bincount(instances.ravel()) > 0
    occurs[0] = False
    return np.cumsum(occurs, dtype=np.uint16)[instances] * (instances > 0)
