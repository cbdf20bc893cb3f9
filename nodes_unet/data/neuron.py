"""Synthetic phase-contrast images of neural cells, in the likeness of the data of Abbas & Abdulmunim 2023.

A culture is modelled as a plane of optical phase, to which every cell adds its thickness: a domed soma with a thinner
nucleus, and tapering processes. The microscope's phase ring shifts the undiffracted wave against the wave that the
cells diffract, so that thin matter darkens and thick matter brightens again. The ring also catches what coarse
structures diffract: seen is the phase less its own blur, with bright halos outside of a cell and shade-off inside.
Defocus, dust, illumination and sensor noise follow. The labels are the geometry before any optics. Lengths are pixels
at the scale of a 704x520 image (a soma is about 20 pixels wide).

A seed gives the same bytes on every machine, by the means that `drawing` describes.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from nodes_unet.data.drawing import blur, closed_outline, clouds, fill, reach, texture, vignette, without_gaps

CLASSES = ("background", "neuron")
FIELD_SHAPE = (520, 704)

# Total area of the cells as a share of the field, of the sparsest and of the densest; for overlaps they cover less.
SPARSE, DENSE = 0.06, 0.24
# Share of a cell that may lie on earlier ones.
MOST_OVERLAP = 0.12

# Zernike's intensity |i + exp(i phase) - 1|^2 in units of the background's, as a 16-bit fraction of MOST_LIGHT; by
# phase in steps of 1/PHASE_STEPS radian from LEAST_PHASE up. Darkest at pi/4, brighter than the background from pi/2.
PHASE_STEPS = 8192
LEAST_PHASE = -2.0
MOST_LIGHT = 6.0
_PHASES = LEAST_PHASE + np.arange(65536) / PHASE_STEPS
LIGHT = np.rint(65535 / MOST_LIGHT * (3 - 2 * np.cos(_PHASES) - 2 * np.sin(_PHASES))).astype(np.uint16)

PROCESS_POINTS = 12
# No cell reaches farther from its centre, and centres lie up to so far beyond the border: cells that it cuts are as
# frequent as in a field without end.
MARGIN = 92


class Field(NamedTuple):
    """A microscope's field of neural cells with its labels.

    Attributes:
        image: (H, W, 3) uint8 RGB, grey: three equal channels.
        mask: (H, W) uint8, index into CLASSES.
        instances: (H, W) uint16, 0 on background, else the number of the topmost cell, 1 to n, later ones on top. A
            cell of which nothing shows has no number.
    """

    image: np.ndarray
    mask: np.ndarray
    instances: np.ndarray


class Morphology(NamedTuple):
    """A kind of neural cell; pairs are the ends of uniform distributions."""

    frequency: float  # mean share among the cells
    radius: float  # mean radius of the soma, pixels
    stretch: tuple[float, float]  # length of the soma by that of a round one of the same area
    roughness: float  # relative irregularity of the soma's outline
    processes: tuple[int, int]  # fewest and most processes
    length: tuple[float, float]  # length of a process, pixels
    thickness: float  # phase in the middle of the soma, radians
    grain: float  # relative unevenness of the cytoplasm


BIPOLAR = Morphology(0.34, 8.5, (1.2, 1.7), 0.06, (2, 2), (16, 60), 1.00, 0.25)
MULTIPOLAR = Morphology(0.42, 10, (1.0, 1.35), 0.10, (3, 6), (12, 56), 0.90, 0.30)
FLAT = Morphology(0.14, 16, (1.0, 1.5), 0.08, (2, 5), (10, 36), 0.50, 0.50)
ROUND = Morphology(0.10, 8.5, (1.0, 1.1), 0.03, (0, 1), (8, 24), 2.60, 0.12)
MORPHOLOGIES = (BIPOLAR, MULTIPOLAR, FLAT, ROUND)


def neural_cells(seed: int | Sequence[int], shape: tuple[int, int] = FIELD_SHAPE) -> Field:
    """Draw a field of neural cells as a phase-contrast microscope shows it.

    Cells touch and overlap, and the border cuts them; debris and dust are labelled background, or as the cell on which
    they lie. Density, size and shape of the cells, contrast, halos and light vary from seed to seed.

    Args:
        seed: seed of the field; nothing else decides what is drawn.
        shape: height and width in pixels, from about 64 x 64 up. Cells keep their size.
    """
    rng = np.random.default_rng(seed)
    culture = _Culture(shape)
    _add_cells(rng, culture)
    _add_debris(rng, culture)
    light = _phase_contrast(rng, culture.phase[culture.field])
    _add_dust(rng, light)
    instances = without_gaps(culture.instances[culture.field])
    return Field(_photograph(rng, light), (instances > 0).astype(np.uint8), instances)


class _Culture:
    """Phase and cell numbers of a culture in the making, on a canvas that holds every cell whole.

    The field lies in the middle of the canvas. The extent, which is the field widened by MARGIN on all sides, holds the
    centres of the cells; they are rows and columns from its corner.
    """

    def __init__(self, shape: tuple[int, int]):
        self.extent = np.array(shape) + 2 * MARGIN
        self.phase = np.zeros(self.extent + 2 * MARGIN, np.float32)
        self.instances = np.zeros(self.phase.shape, np.uint16)
        self.field = tuple(slice(2 * MARGIN, 2 * MARGIN + length) for length in shape)

    def around(self, centre: np.ndarray, size: int) -> tuple[slice, slice]:
        """Where a square patch of odd size around a centre lies on the canvas."""
        return tuple(slice(start, start + size) for start in (centre + MARGIN - size // 2).tolist())


def _add_cells(rng: np.random.Generator, culture: _Culture) -> None:
    """Add cells, each at the freest of some random places, which in part of the cases are near an earlier cell.

    Opposite edges of the extent touch, as on a torus: no place is favoured.
    """
    missing = rng.uniform(SPARSE, DENSE) * culture.extent.prod()
    frequencies = np.array([kind.frequency for kind in MORPHOLOGIES]) * rng.uniform(0.2, 1.8, len(MORPHOLOGIES))
    frequencies /= frequencies.sum()
    scale, thickness = rng.uniform(0.85, 1.3), rng.uniform(0.7, 1.4)
    clumping, candidates = rng.uniform(0, 0.6), rng.integers(3, 9)
    centres = []
    while missing > 0:
        kind = MORPHOLOGIES[rng.choice(len(MORPHOLOGIES), p=frequencies)]
        region, phase = _cell(rng, kind, scale)
        points = rng.integers(0, culture.extent, (candidates, 2))
        if centres and rng.random() < clumping:
            beside = rng.normal(0, 3 * scale * kind.radius, points.shape)
            points = (centres[rng.integers(len(centres))] + np.rint(beside).astype(int)) % culture.extent
        places = [culture.around(point, len(region)) for point in points]
        overlaps = [np.count_nonzero(region & (culture.instances[place] > 0)) for place in places]
        freest = np.argmin(overlaps)
        if overlaps[freest] > MOST_OVERLAP * np.count_nonzero(region):
            continue
        where = places[freest]
        centres.append(points[freest])
        culture.phase[where] += thickness * phase
        culture.instances[where][region] = len(centres)
        missing -= np.count_nonzero(region)


def _add_debris(rng: np.random.Generator, culture: _Culture) -> None:
    """Add clumps of refractive grains anywhere: remains of cells, too small and ragged to be one."""
    for _ in range(rng.poisson(culture.extent.prod() / rng.uniform(6e3, 6e4))):
        middle, spread = rng.integers(0, culture.extent), rng.uniform(1, 7)
        for _ in range(rng.integers(1, 7)):
            outline = closed_outline(rng, rng.uniform(0.8, 3.5), 0.2, rng.uniform(0, 0.4), rng.uniform(0, 2 * math.pi))
            region = fill(outline, reach(outline))
            centre = (middle + np.rint(rng.normal(0, spread, 2)).astype(int)) % culture.extent
            culture.phase[culture.around(centre, len(region))] += rng.uniform(0.2, 1.6) * region.astype(np.float32)


def _cell(rng: np.random.Generator, kind: Morphology, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Cell on a square patch of odd size: its region (n, n) bool and its phase (n, n) float32, radians."""
    radius = scale * kind.radius * rng.uniform(0.8, 1.25)
    stretch = rng.uniform(*kind.stretch)
    soma = closed_outline(rng, radius, kind.roughness, 0, 0) * [stretch, 1 / stretch]
    number = rng.integers(kind.processes[0], kind.processes[1] + 1)
    processes = []
    for direction in 2 * math.pi * np.arange(number) / max(number, 1) + rng.normal(0, 0.3, number):
        start = 0.4 * radius * np.array([stretch * math.cos(direction), math.sin(direction) / stretch])
        length = scale * rng.uniform(*kind.length)
        processes += _process(rng, start, direction, length, radius * rng.uniform(0.5, 1.1))
    nucleus = closed_outline(rng, 0.5 * radius, 0.04, 0, 0) * [math.sqrt(stretch), 1 / math.sqrt(stretch)]
    nucleus += rng.normal(0, 0.1 * radius, 2)
    nucleolus = closed_outline(rng, 0.13 * radius, 0.1, 0, 0) + nucleus.mean(axis=0) + rng.normal(0, 0.12 * radius, 2)

    axis = rng.uniform(0, 2 * math.pi)
    turn = np.array([[math.cos(axis), math.sin(axis)], [-math.sin(axis), math.cos(axis)]])
    outlines = [outline @ turn for outline in (soma, nucleus, nucleolus, *processes)]
    half = max(reach(outline) for outline in outlines)
    soma, nucleus, nucleolus, *processes = (fill(outline, half) for outline in outlines)
    region = np.logical_or.reduce([soma, *processes])

    inside = blur(nucleus, 0.8)
    dome = 0.28 + 0.72 * blur(soma, 0.4 * radius)
    cytoplasm = 1 + kind.grain * texture(rng, region.shape, 1.5)
    matter = (1 - inside) * cytoplasm + rng.uniform(0.55, 0.95) * inside + rng.uniform(0.1, 0.6) * blur(nucleolus, 0.8)
    return region, kind.thickness * rng.uniform(0.7, 1.3) * (region * dome * matter)


def _process(
    rng: np.random.Generator, start: np.ndarray, heading: float, length: float, width: float
) -> list[np.ndarray]:
    """Outlines, as columns and rows, of a winding process that tapers from `width`, and of its branches."""
    along = np.linspace(0, 1, PROCESS_POINTS)
    headings = heading + rng.normal(0, 0.5) * along + np.cumsum(rng.normal(0, 0.13, PROCESS_POINTS))
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    path = start + length / PROCESS_POINTS * np.cumsum(steps, axis=0)
    tip = min(rng.uniform(1.2, 2.4), width)
    widths = tip + (width - tip) * (1 - along) ** 3
    aside = steps[:, ::-1] * [-1, 1] * widths[:, None] / 2
    outlines = [np.concatenate([path + aside, (path - aside)[::-1]])]
    if length > 24 and rng.random() < 0.45:
        fork = int(rng.integers(PROCESS_POINTS // 3, 3 * PROCESS_POINTS // 4))
        turned = headings[fork] + rng.choice([-1, 1]) * rng.uniform(0.5, 1.0)
        rest = length * (1 - along[fork])
        outlines += _process(rng, path[fork], turned, rest * rng.uniform(0.5, 1.0), 0.9 * widths[fork])
    return outlines


def _phase_contrast(rng: np.random.Generator, phase: np.ndarray) -> np.ndarray:
    """Light (H, W) float32, background 1, that a phase-contrast microscope makes of a phase (H, W) float32, radians."""
    caught, wideness = rng.uniform(0.75, 1.0), rng.uniform(0.3, 0.7)
    stored = np.clip(phase * PHASE_STEPS, 0, 65535).astype(np.uint16)
    halo = cv2.GaussianBlur(stored, (0, 0), rng.uniform(4, 8)).astype(np.float32)
    fringe = cv2.GaussianBlur(stored, (0, 0), rng.uniform(1.6, 3.0)).astype(np.float32)
    seen = phase - caught / PHASE_STEPS * (wideness * halo + (1 - wideness) * fringe)
    seen += rng.uniform(0.003, 0.012) * clouds(rng, phase.shape)
    seen += rng.uniform(0.004, 0.02) * texture(rng, phase.shape, 1.6)
    step = np.clip((seen - LEAST_PHASE) * PHASE_STEPS, 0, LIGHT.size - 1).astype(np.uint16)
    return cv2.GaussianBlur(LIGHT[step], (0, 0), rng.uniform(0.6, 1.3)).astype(np.float32) * (MOST_LIGHT / 65535)


def _add_dust(rng: np.random.Generator, light: np.ndarray) -> None:
    """Add dust in the optics, far out of focus, darker or brighter than the field, to light (H, W) float32."""
    dust = np.full(light.shape, 32768, np.uint16)
    height, width = light.shape
    for _ in range(rng.poisson(light.size / rng.uniform(2e4, 2e5))):
        middle = (int(rng.integers(-10, width + 10)), int(rng.integers(-10, height + 10)))
        cv2.circle(dust, middle, int(rng.integers(4, 18)), int(32768 * rng.uniform(0.7, 1.2)), cv2.FILLED)
    light *= cv2.GaussianBlur(dust, (0, 0), rng.uniform(3, 7)).astype(np.float32) / 32768


def _photograph(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Image (H, W, 3) uint8 of light (H, W) float32: contrast, exposure, illumination and noise vary."""
    contrast, grey, noise = rng.uniform(0.25, 0.75), rng.uniform(105, 150), rng.uniform(1.0, 4.0)
    rows, columns = (np.linspace(-1, 1, length) * rng.uniform(-0.1, 0.1) for length in light.shape)
    slant = (rows[:, None] + columns).astype(np.float32)
    seen = (1 + slant + contrast * (light - 1)) * vignette(rng, light.shape) * grey
    seen += rng.standard_normal(seen.shape, np.float32) * np.float32(noise)
    return cv2.merge([np.clip(np.rint(seen), 0, 255).astype(np.uint8)] * 3)
