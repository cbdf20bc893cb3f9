"""Synthetic fluorescence images of brain slices, in the likeness of the data of Morelli et al. 2021, sections 2 and 3.

A slice is modelled as a plane that emits light: the tissue by its autofluorescence, dim and brown, and the neurons by
the tracer they have taken up, from yellow to orange. What lies on top hides what lies beneath. Neurons above or below
the focal plane are seen as blurred blobs, and where the tissue ends or is folded it may shine as a bright stripe. The
microscope adds defocus, glow (light scattered around bright places), illumination, saturation and the noise of photons
and sensor. The labels are the geometry of the neurons in focus before any optics. Lengths are pixels at the scale of a
1600x1200 image (a neuron is about 50 pixels wide).

A seed gives the same bytes on every machine, by the means that `drawing` describes; glow and coarse unevenness are
enlarged from fewer pixels by OpenCV's exact interpolation.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from nodes_unet.data.drawing import blur, closed_outline, clouds, fill, reach, texture, vignette

CLASSES = ("background", "cell")
SLICE_SHAPE = (1200, 1600)

TISSUE, YELLOW, ORANGE = range(3)
# Grey values in R, G, B per unit of each emission.
SPECTRA = np.array([[150, 88, 30], [232, 205, 42], [240, 132, 30]])
# Grey values are blurred as 16-bit integers in steps of 1/GREY_STEPS.
GREY_STEPS = 96

# Shares of the images in which no neuron is drawn (chance empties more of them), and of those with a stripe.
EMPTY, STRIPED = 0.06, 0.15
# Most neurons, and most blobs out of focus, in the area of a whole slice.
MOST_CELLS, MOST_BLOBS = 76, 30
# A neuron is drawn if so many of its pixels show, and so large a share of those that the image's border leaves.
LEAST_VISIBLE, LEAST_VISIBLE_SHARE = 30, 0.5
# Centres lie up to so far beyond the border, so that cells cut by it are as frequent as in a slice without end.
MARGIN = 60

PROCESS_POINTS = 9
EDGE_POINTS = 160
# Glow and coarse unevenness are computed on every so many pixels.
COARSE = 8


class Slice(NamedTuple):
    """A photograph of a brain slice with its labels.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, index into CLASSES.
        instances: (H, W) uint16, 0 on background, else the number of the topmost neuron, 1 to n, earlier ones on top.
        artefacts: (H, W) bool, where a bright stripe lies. It is on top of the neurons: no pixel has both.
    """

    image: np.ndarray
    mask: np.ndarray
    instances: np.ndarray
    artefacts: np.ndarray


def brain_slice(seed: int | Sequence[int], shape: tuple[int, int] = SLICE_SHAPE) -> Slice:
    """Draw a brain slice with stained neurons as a fluorescence microscope shows it.

    Neurons touch and overlap, and the border cuts them; some are hardly brighter than the tissue. Neurons out of focus,
    stripes and autofluorescent grains are labelled background. Number, clumping and brightness of the neurons, tissue,
    colours and noise vary from seed to seed; in part of the seeds no neuron is drawn.

    Args:
        seed: seed of the slice; nothing else decides what is drawn.
        shape: height and width in pixels, from about 128 x 128 up. Cells keep their size; a stripe, drawn in as many
            images of any shape, is broad in proportion.
    """
    rng = np.random.default_rng(seed)
    specimen = _Specimen(shape)
    _add_tissue(rng, specimen)
    _add_blobs(rng, specimen)
    if rng.random() < STRIPED:
        _add_stripe(rng, specimen)
    if rng.random() >= EMPTY:
        _add_cells(rng, specimen)
    instances = specimen.instances
    return Slice(_photograph(rng, specimen.light), (instances > 0).astype(np.uint8), instances, specimen.stripe)


class _Specimen:
    """Emissions and labels of a slice in the making."""

    def __init__(self, shape: tuple[int, int]):
        self.shape = shape
        self.light = np.zeros((3, *shape), np.float32)
        self.instances = np.zeros(shape, np.uint16)
        self.stripe = np.zeros(shape, bool)
        self.covered = np.zeros(shape, bool)  # where no further cell shows: by cells, a stripe or the tissue's end
        self.extent = np.array(shape) + 2 * MARGIN

    def number(self, rng: np.random.Generator, most: float) -> int:
        """Random number of objects for the extent; mostly few, up to `most` in the area of a whole slice."""
        density = rng.random()
        density *= (1 + 3 * density) / 4
        return int(most * density * self.extent.prod() / math.prod(SLICE_SHAPE) + rng.random())

    def window(self, centre: np.ndarray, size: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a square patch of odd size around a centre in the extent lies on the image, and which part of it."""
        start = centre - MARGIN - size // 2
        low = np.maximum(start, 0)
        high = np.maximum(np.minimum(start + size, self.shape), low)
        on_image, in_patch = ((low, high), (low - start, high - start))
        return tuple(map(slice, *on_image)), tuple(map(slice, *in_patch))


def _add_tissue(rng: np.random.Generator, specimen: _Specimen) -> None:
    """Add the autofluorescence: patches of many sizes, the tissue's texture, and bright grains."""
    height, width = specimen.shape
    broad = texture(rng, (height // COARSE + 2, width // COARSE + 2), rng.uniform(5, 14))
    broad = _enlarged(np.clip(32768 + 8192 * broad, 0, 65535).astype(np.uint16), specimen.shape) / np.float32(8192) - 4
    fine = texture(rng, specimen.shape, rng.uniform(1.6, 2.6))
    uneven = 1 + rng.uniform(0.1, 0.3) * broad + rng.uniform(0.04, 0.12) * clouds(rng, specimen.shape)
    uneven += rng.uniform(0.04, 0.12) * fine
    specimen.light[TISSUE] = rng.uniform(0.08, 0.32) * np.maximum(uneven, np.float32(0.15))
    specimen.light[YELLOW] = rng.uniform(0, 0.3) * np.maximum(fine - np.float32(rng.uniform(2.2, 3.2)), 0)


def _add_blobs(rng: np.random.Generator, specimen: _Specimen) -> None:
    """Add neurons out of focus, which have no label."""
    for _ in range(specimen.number(rng, MOST_BLOBS)):
        region, _ = _neuron(rng)
        sigma = rng.uniform(5, 12)
        blob = blur(np.pad(region, math.ceil(2.5 * sigma)), sigma)
        where, part = specimen.window(rng.integers(0, specimen.extent), len(blob))
        brightness, orange = rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.6)
        specimen.light[YELLOW][where] += brightness * (1 - orange) * blob[part]
        specimen.light[ORANGE][where] += brightness * orange * blob[part]


def _add_stripe(rng: np.random.Generator, specimen: _Specimen) -> None:
    """Add a bright stripe along a side or across a corner, with no tissue beyond it."""
    direction = rng.uniform(0, 2 * math.pi)
    depth = min(specimen.shape) * rng.uniform(0.05, 0.13) * (1 + abs(math.sin(2 * direction)))
    tissue_end = _beyond(rng, specimen.shape, direction, depth, 0.1 * depth)
    outside = _beyond(rng, specimen.shape, direction, depth * rng.uniform(-0.3, 0.6), 0.1 * depth)
    specimen.covered |= tissue_end | outside
    specimen.stripe |= tissue_end & ~outside
    specimen.light *= 1 - rng.uniform(0.6, 0.95) * blur(outside, 3.0)
    shine = blur(specimen.stripe, rng.uniform(2, 6)) * (1 + 0.14 * clouds(rng, specimen.shape))
    brightness, orange = rng.uniform(0.5, 1.1), rng.uniform(0.0, 0.4)
    specimen.light[YELLOW] += brightness * (1 - orange) * shine
    specimen.light[ORANGE] += brightness * orange * shine


def _beyond(
    rng: np.random.Generator, shape: tuple[int, int], direction: float, depth: float, waviness: float
) -> np.ndarray:
    """Part (H, W) bool of the image beyond a wavy line; the line is `depth` from the corner that lies farthest."""
    height, width = shape
    half = max(shape) // 2 + 1
    ahead = np.array([math.cos(direction), math.sin(direction)])
    aside = ahead[::-1] * [-1, 1]
    along = np.linspace(-2 * half, 2 * half, EDGE_POINTS)
    lengths, phases = rng.uniform(2, 24, 6) * waviness, rng.uniform(0, 2 * math.pi, 6)
    waves = lengths / 12 * np.sin(along[:, None] / lengths + phases)
    line = (np.abs(ahead) @ [width, height] / 2 - depth + waves.sum(axis=1))[:, None] * ahead + along[:, None] * aside
    far = 4 * half * ahead + 2 * half * np.array([[1], [-1]]) * aside
    inside = fill(np.concatenate([line, far]), half)
    top, left = half - height // 2, half - width // 2
    return inside[top : top + height, left : left + width]


def _add_cells(rng: np.random.Generator, specimen: _Specimen) -> None:
    """Add neurons from the topmost down, in part of the cases beside an earlier one."""
    clumping, share_of_dim = rng.uniform(0, 0.7), rng.uniform(0, 0.4)
    exposure, orange = rng.uniform(0.6, 1.2), rng.uniform(0.1, 0.5)
    centres = []
    for _ in range(specimen.number(rng, MOST_CELLS)):
        region, matter = _neuron(rng)
        centre = rng.integers(0, specimen.extent)
        if centres and rng.random() < clumping:
            beside = np.rint(rng.normal(0, 34, 2)).astype(int)
            centre = (centres[rng.integers(len(centres))] + beside) % specimen.extent
        where, part = specimen.window(centre, len(region))
        visible = region[part] & ~specimen.covered[where]
        if np.count_nonzero(visible) < max(LEAST_VISIBLE, LEAST_VISIBLE_SHARE * np.count_nonzero(region[part])):
            continue
        centres.append(centre)
        specimen.covered[where] |= visible
        specimen.instances[where][visible] = len(centres)
        brightness = rng.uniform(0.1, 0.3) if rng.random() < share_of_dim else exposure * rng.uniform(0.35, 1.0)
        redness = np.clip(orange + rng.normal(0, 0.12), 0, 1)
        seen = np.float32(brightness) * matter[part] * visible
        specimen.light[YELLOW][where] += (1 - redness) * seen
        specimen.light[ORANGE][where] += redness * seen


def _neuron(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Neuron on a square patch of odd size: its region (n, n) bool and its emission (n, n) float32, about 0 to 1."""
    radius = rng.uniform(16, 26)
    soma = closed_outline(rng, radius, rng.uniform(0.06, 0.14), rng.uniform(0, 0.3), rng.uniform(0, 2 * math.pi))
    number = rng.integers(1, 4)
    directions = rng.uniform(0, 2 * math.pi) + 2 * math.pi / number * np.arange(number) + rng.normal(0, 0.4, number)
    processes = [_process(rng, direction, radius) for direction in directions]
    half = max(reach(outline) for outline in (soma, *processes)) + 2
    region = np.logical_or.reduce([fill(outline, half) for outline in (soma, *processes)])
    region = blur(region, 0.12 * radius) > 0.5

    nucleus = closed_outline(rng, rng.uniform(0.3, 0.5) * radius, 0.05, 0, 0) + rng.normal(0, 0.15 * radius, 2)
    dome = 0.2 + 0.8 * blur(region, rng.uniform(0.15, 0.35) * radius)
    uneven = 1 + rng.uniform(0.05, 0.2) * texture(rng, region.shape, 1.5) + 0.12 * texture(rng, region.shape, 5.0)
    hollow = 1 - max(rng.uniform(-0.4, 0.6), 0) * blur(fill(nucleus, half), 2.0)
    return region, dome * np.maximum(uneven, np.float32(0.2)) * hollow


def _process(rng: np.random.Generator, direction: float, radius: float) -> np.ndarray:
    """Outline, as columns and rows, of a short process that bends and tapers from the middle of a soma outwards."""
    along = np.linspace(0, 1, PROCESS_POINTS)
    headings = direction + rng.normal(0, 0.35) * along
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    path = radius * rng.uniform(1.2, 2.1) * along[:, None] * steps
    widths = radius * rng.uniform(0.7, 1.2) * (1 - along) + rng.uniform(2, 5)
    across = steps[:, ::-1] * [-1, 1] * widths[:, None] / 2
    return np.concatenate([path + across, (path - across)[::-1]])


def _enlarged(coarse: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Array of uint16, known on every COARSE-th pixel, interpolated to (H, W) float32."""
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT).astype(np.float32)


def _photograph(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Image (H, W, 3) uint8 of emissions (3, H, W): shades, gain, defocus, glow, illumination and noise vary."""
    spectra = (SPECTRA * rng.normal(1, 0.06, (3, 3)) * rng.uniform(0.85, 1.15)).astype(np.float32)
    defocus, glow, spread = rng.uniform(0.9, 2.2), rng.uniform(0.05, 0.2), rng.uniform(10, 24) / COARSE
    offset, photons, sensor = rng.uniform(0, 8), rng.uniform(0.05, 0.35), rng.uniform(0.5, 2.5)
    illumination = vignette(rng, light.shape[1:])
    channels = []
    for shade in spectra.T:
        emitted = light[TISSUE] * shade[TISSUE] + light[YELLOW] * shade[YELLOW] + light[ORANGE] * shade[ORANGE]
        steps = np.minimum(emitted * GREY_STEPS, 65535).astype(np.uint16)
        scattered = _enlarged(cv2.GaussianBlur(steps[::COARSE, ::COARSE], (0, 0), spread), emitted.shape)
        seen = cv2.GaussianBlur(steps, (0, 0), defocus) + np.float32(glow) * scattered
        seen *= illumination / GREY_STEPS
        deviation = np.sqrt(np.float32(photons) * seen + np.float32(sensor * sensor))
        seen += rng.standard_normal(seen.shape, np.float32) * deviation + np.float32(offset)
        channels.append(np.clip(np.rint(seen), 0, 255).astype(np.uint8))
    return cv2.merge(channels)
