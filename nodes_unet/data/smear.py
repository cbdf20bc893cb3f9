"""Synthetic stained blood smears with exact labels, in the likeness of the MISP smears of Li et al. 2021, section 2.

A smear is modelled as light through stained matter. Every cell deposits stain on three planes (eosin on haemoglobin,
purple on chromatin, blue on cytoplasm), each stain absorbs by the Beer-Lambert law, so that the transmissions of
overlapping red cells multiply, and the microscope adds illumination, defocus and sensor noise. The labels are the
geometry before any optics. Lengths are pixels at the scale of a 775x519 smear (a red cell is about 66 pixels wide).

A seed gives the same bytes on every machine, by the means that `drawing` describes; besides, trigonometric factors are
rounded to single precision and transmissions to 16 bits.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from nodes_unet.data.drawing import blur, closed_outline, clouds, fill, reach, texture, vignette, without_gaps

CLASSES = ("background", "white", "red")
SMEAR_SHAPE = (519, 775)

BACKGROUND, WHITE, RED = range(3)
EOSIN, PURPLE, BLUE = range(3)

# Mean shares of the classes as in the test set of Li et al. 2021 (43.7 % background, 8.5 % white, 47.8 % red; they
# follow from the pixel accuracies of Table 1). The red share is stated within what white cells leave free.
WHITE_SHARE = 0.085
RED_SHARE_BESIDE_WHITE = 0.478 / (1 - WHITE_SHARE)

# Optical density (natural logarithm) per unit of stain in R, G, B, and the two ends between which the lamp's colour
# varies; read off stained smears.
ABSORPTION = np.array([[0.22, 0.50, 0.34], [1.15, 1.65, 0.66], [0.46, 0.30, 0.05]])
WARM_LIGHT, COOL_LIGHT = np.array([255, 233, 208]), np.array([246, 238, 238])

# Transmission as a 16-bit fraction by optical density, in steps of 1/1024 up to 6.
DENSITY_STEPS = 1024
TRANSMISSION = np.rint(65535 * np.exp(-np.arange(6 * DENSITY_STEPS) / DENSITY_STEPS)).astype(np.uint16)

# A cell on a square patch of odd size: its region (n, n) bool, and its stain (n, n) or stains (3, n, n) float32.
Drawing = tuple[np.ndarray, np.ndarray]


class Smear(NamedTuple):
    """A blood smear with its labels.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) uint8, index into CLASSES; red where any red cell shows, white where a white cell lies.
        instances: (H, W) uint16, 0 on background, else the number of the topmost cell, 1 to n in drawing order (white
            cells first, for red cells are drawn around and under them). A cell of which nothing shows has no number.
    """

    image: np.ndarray
    mask: np.ndarray
    instances: np.ndarray


class Leucocyte(NamedTuple):
    """A kind of white cell; lengths are pixels, or fractions of the cell's radius where said."""

    frequency: float  # share among the white cells
    radius: float  # mean radius
    roughness: float  # relative irregularity of the outline
    lobes: tuple[int, int]  # fewest and most lobes of the nucleus
    lobe: float  # radius of a lobe, fraction; each is smaller where there are more
    bend: float  # radius of the arc on which the lobes lie, fraction
    sweep: float  # angle of that arc from the first lobe to the last, radians
    strand: float  # width of the chromatin between lobes, fraction
    blue: float  # basophilia of the cytoplasm, units of stain
    eosin: float  # pink of the cytoplasm, units of stain
    grain: float  # radius of the granules
    granules: tuple[float, float]  # eosin and purple of the granules, units of stain


NEUTROPHIL = Leucocyte(0.46, 58, 0.03, (2, 5), 0.46, 0.44, 3.6, 0.10, 0.12, 0.28, 1.0, (0.16, 0.05))
BAND_CELL = Leucocyte(0.12, 58, 0.03, (6, 6), 0.66, 0.48, 3.5, 0.40, 0.14, 0.26, 1.0, (0.14, 0.05))
EOSINOPHIL = Leucocyte(0.10, 59, 0.03, (2, 3), 0.52, 0.46, 2.0, 0.12, 0.04, 0.45, 1.7, (0.42, 0.02))
LYMPHOCYTE = Leucocyte(0.18, 47, 0.04, (1, 1), 0.78, 0.10, 0.0, 0.00, 0.75, 0.06, 1.0, (0.00, 0.03))
MONOCYTE = Leucocyte(0.14, 66, 0.07, (4, 4), 0.70, 0.44, 2.6, 0.66, 0.55, 0.12, 1.0, (0.05, 0.07))
LEUCOCYTES = (NEUTROPHIL, BAND_CELL, EOSINOPHIL, LYMPHOCYTE, MONOCYTE)
# A filled outline takes in the pixels on it: half a pixel more of radius.
MEAN_WHITE_AREA = sum(kind.frequency * math.pi * (kind.radius + 0.5) ** 2 for kind in LEUCOCYTES)
# Cell centres reach this far beyond the border, so that cells cut by it are as frequent as in a smear without end.
MARGIN = 90


def blood_smear(seed: int | Sequence[int], shape: tuple[int, int] = SMEAR_SHAPE) -> Smear:
    """Draw a stained blood smear.

    Red cells overlap one another, white cells lie on top of them, the border cuts both; platelets and grains of
    precipitated stain are labelled background, or as the cell on which they lie. Density, stain and light vary from
    seed to seed.

    Args:
        seed: seed of the smear; nothing else decides what is drawn.
        shape: height and width in pixels, from about 64 x 64 up. Cells keep their size.
    """
    rng = np.random.default_rng(seed)
    slide = _Slide(rng, shape)
    _add_white_cells(rng, slide)
    _add_red_cells(rng, slide)
    _add_platelets(rng, slide)
    _add_precipitate(rng, slide)
    return Smear(_photograph(rng, slide.stains), slide.mask, without_gaps(slide.instances))


class _Slide:
    """Stain planes and labels of a smear in the making, and the discs that its cells occupy."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int]):
        self.stains = np.zeros((3, *shape), np.float32)
        self.stains[EOSIN] = 0.04 + 0.012 * clouds(rng, shape)
        self.mask = np.zeros(shape, np.uint8)
        self.instances = np.zeros(shape, np.uint16)
        self.extent = np.array(shape) + 2 * MARGIN
        self._centres = np.zeros((0, 2))
        self._radii = np.zeros(0)
        self._cells = 0

    def place(self, rng: np.random.Generator, radius: float, candidates: int) -> tuple[int, int]:
        """Take the roomiest of some random centres for a cell, as row and column; they may lie beyond the border.

        Opposite edges of the widened field touch, as on a torus: no place is favoured, so the shares of the classes
        depend neither on the shape nor on where a crop is cut.
        """
        points = rng.integers(0, self.extent, (candidates, 2))
        apart = np.abs(points[:, None] - self._centres)
        apart = np.minimum(apart, self.extent - apart)
        room = np.sqrt(apart[..., 0] ** 2 + apart[..., 1] ** 2) / (self._radii + radius)
        best = points[room.min(axis=1, initial=np.inf).argmax()]
        self._centres = np.vstack([self._centres, best])
        self._radii = np.append(self._radii, radius)
        return int(best[0]) - MARGIN, int(best[1]) - MARGIN

    def window(self, centre: tuple[int, int], size: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a square patch of odd size around a centre lies on the slide, and which part of the patch that is."""
        on_slide, in_patch = [], []
        for middle, length in zip(centre, self.mask.shape, strict=True):
            start = middle - size // 2
            low, high = min(max(start, 0), length), min(max(start + size, 0), length)
            on_slide.append(slice(low, high))
            in_patch.append(slice(low - start, high - start))
        return tuple(on_slide), tuple(in_patch)

    def label(self, where: tuple[slice, slice], visible: np.ndarray, label: int) -> None:
        """Label the visible pixels of a cell."""
        self._cells += 1
        self.mask[where][visible] = label
        self.instances[where][visible] = self._cells


def _add_white_cells(rng: np.random.Generator, slide: _Slide) -> None:
    expected = rng.uniform(0.2, 1.8) * WHITE_SHARE * slide.extent.prod() / MEAN_WHITE_AREA
    frequencies = [kind.frequency for kind in LEUCOCYTES]
    for _ in range(int(expected + rng.random())):
        kind = LEUCOCYTES[rng.choice(len(LEUCOCYTES), p=frequencies)]
        radius = kind.radius * rng.uniform(0.92, 1.08)
        region, stains = _white_cell(rng, kind, radius)
        where, part = slide.window(slide.place(rng, radius, candidates=12), len(region))
        visible = region[part] & (slide.mask[where] != WHITE)
        np.copyto(slide.stains[:, *where], stains[:, *part], where=visible)
        slide.label(where, visible, WHITE)


def _add_red_cells(rng: np.random.Generator, slide: _Slide) -> None:
    """Add red cells until their share is as close as it gets to one drawn for this smear."""
    share = RED_SHARE_BESIDE_WHITE + rng.uniform(-0.13, 0.13)
    missing = share * np.count_nonzero(slide.mask == BACKGROUND)
    mean_radius, pallor, roughness = rng.uniform(31, 35), rng.uniform(0.45, 0.85), rng.uniform(0.015, 0.04)
    roominess = rng.integers(4, 12)
    while missing > 0:
        radius = mean_radius * rng.normal(1, 0.07)
        region, haemoglobin = _red_cell(rng, radius, pallor, roughness)
        where, part = slide.window(slide.place(rng, radius, rng.integers(3, roominess)), len(region))
        visible = region[part] & (slide.mask[where] != WHITE)
        gained = np.count_nonzero(visible & (slide.mask[where] == BACKGROUND))
        if gained > 2 * missing:
            return
        slide.stains[EOSIN][where] += haemoglobin[part] * visible
        slide.label(where, visible, RED)
        missing -= gained


def _add_platelets(rng: np.random.Generator, slide: _Slide) -> None:
    """Add platelets in the gaps between cells; those that would touch a cell are left out."""
    for _ in range(rng.poisson(slide.mask.size / rng.uniform(8e3, 6e4))):
        region, purple = _platelet(rng, radius=rng.uniform(4.5, 10))
        centre = tuple(rng.integers(0, slide.mask.shape).tolist())
        where, part = slide.window(centre, len(region))
        if not slide.mask[where].any():
            slide.stains[PURPLE][where] += purple[part]
            slide.stains[BLUE][where] += 0.25 * region[part]


def _add_precipitate(rng: np.random.Generator, slide: _Slide) -> None:
    """Add grains of precipitated stain anywhere."""
    for _ in range(rng.poisson(slide.mask.size / rng.uniform(1e4, 2e5))):
        column, row = rng.integers(0, slide.mask.shape[::-1]).tolist()
        cv2.circle(slide.stains[PURPLE], (column, row), int(rng.integers(0, 3)), rng.uniform(0.5, 1.1), cv2.FILLED)


def _red_cell(rng: np.random.Generator, radius: float, pallor: float, roughness: float) -> Drawing:
    """Red cell and its haemoglobin: a disc thinner in its middle by about the fraction `pallor`."""
    elongation, axis = rng.uniform(0, 0.45) ** 2, rng.uniform(0, 2 * math.pi)
    outline = closed_outline(rng, radius, roughness, elongation, axis)
    half = reach(outline)
    rows, columns = np.ogrid[-half : half + 1, -half : half + 1]
    along, across = np.float32(2 * elongation * math.cos(axis)), np.float32(4 * elongation * math.sin(axis))

    def squared_distance(off: np.ndarray) -> np.ndarray:
        # 1 on the outline, to first order in the elongation and but for the roughness.
        y, x = (rows + off[0]).astype(np.float32), (columns + off[1]).astype(np.float32)
        return ((1 - along) * x * x + (1 + along) * y * y + across * (x * y)) / np.float32(radius * radius)

    rim = np.clip(1.9 - squared_distance(np.zeros(2)), 0.55, 1)
    width = np.float32(rng.uniform(0.5, 0.8))
    hollow = np.clip(1 - squared_distance(rng.normal(0, 0.06 * radius, 2)) / (width * width), 0, 1)
    depth = np.float32(min(pallor * rng.uniform(0.6, 1.1), 0.9))
    haemoglobin = np.float32(rng.normal(1, 0.06)) * (rim - depth * hollow * hollow * (3 - 2 * hollow))
    return fill(outline, half), haemoglobin


def _white_cell(rng: np.random.Generator, kind: Leucocyte, radius: float) -> Drawing:
    """White cell and its stains."""
    outline = closed_outline(rng, radius, kind.roughness, rng.uniform(0, 0.4) ** 2, rng.uniform(0, 2 * math.pi))
    half = reach(outline)
    region = fill(outline, half)
    nucleus = _nucleus(rng, kind, radius, half) & region
    coarse, fine = texture(rng, region.shape, 3.0), texture(rng, region.shape, 1.2)
    grains = np.clip(texture(rng, region.shape, kind.grain) + 0.3, 0, 1.5)
    flecks = np.clip(coarse + 0.6 * fine - 0.6, 0, 1.2)
    chromatin = 1.22 - 0.34 * blur(nucleus, 3.0) + 0.12 * coarse + 0.06 * fine - 0.36 * flecks
    cytoplasm, rim = 1 - blur(nucleus, 0.8), 1 - blur(region, 3.0)
    eosin = cytoplasm * (kind.eosin * (0.9 + 0.1 * coarse) + kind.granules[0] * grains)
    purple = (1 - cytoplasm) * chromatin + cytoplasm * kind.granules[1] * grains
    blue = cytoplasm * kind.blue * (0.8 + 0.12 * coarse + 0.08 * fine + 0.9 * rim)
    return region, np.stack([eosin, purple, blue])


def _nucleus(rng: np.random.Generator, kind: Leucocyte, radius: float, half: int) -> np.ndarray:
    """Region (n, n) bool of a nucleus: lobes along an arc, joined by strands."""
    lobes = int(rng.integers(kind.lobes[0], kind.lobes[1] + 1))
    angles = rng.uniform(0, 2 * math.pi) + kind.sweep * (np.linspace(-0.5, 0.5, lobes) if lobes > 1 else np.zeros(1))
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1) - [[np.cos(angles).mean(), np.sin(angles).mean()]]
    centres = radius * (kind.bend * arc + rng.normal(0, 0.04, (lobes, 2)))
    nucleus = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    if lobes > 1:
        path = np.rint(half + centres).astype(np.int32)
        cv2.polylines(nucleus, [path], isClosed=False, color=255, thickness=max(2, round(kind.strand * radius)))
    for centre in centres:
        size = radius * kind.lobe * lobes**-0.35 * rng.uniform(0.88, 1.12)
        lobe = closed_outline(rng, size, 0.05, rng.uniform(0, 0.15), rng.uniform(0, 2 * math.pi))
        nucleus |= fill(lobe + centre, half).view(np.uint8) * 255
    return blur(nucleus > 0, 1.5) > 0.45


def _platelet(rng: np.random.Generator, radius: float) -> Drawing:
    """Platelet and its purple stain."""
    outline = closed_outline(rng, radius, 0.1, rng.uniform(0, 0.2), rng.uniform(0, 2 * math.pi))
    region = fill(outline, reach(outline))
    return region, region * np.clip(0.32 + 0.22 * texture(rng, region.shape, 1.3), 0.08, 1)


def _photograph(rng: np.random.Generator, stains: np.ndarray) -> np.ndarray:
    """Image (H, W, 3) uint8 of stain planes (3, H, W): stain shade, light, defocus and noise vary."""
    tint = rng.normal(1, 0.07, (3, 3)) * rng.uniform(0.85, 1.2, (3, 1))
    absorption = (ABSORPTION * tint).astype(np.float32)
    absorption[EOSIN] += np.float32(rng.uniform(-0.03, 0.10))  # greyer red cells in some smears
    warmth = rng.random()
    light = (warmth * WARM_LIGHT + (1 - warmth) * COOL_LIGHT) * rng.uniform(0.94, 1.0)
    defocus, noise = rng.uniform(0.7, 1.4), rng.uniform(1.0, 3.0)
    illumination = vignette(rng, stains.shape[1:])
    channels = []
    for shade, lamp in zip(absorption.T, light, strict=True):
        density = stains[EOSIN] * shade[EOSIN] + stains[PURPLE] * shade[PURPLE] + stains[BLUE] * shade[BLUE]
        step = np.clip(density * DENSITY_STEPS, 0, TRANSMISSION.size - 1).astype(np.uint16)
        seen = cv2.GaussianBlur(TRANSMISSION[step], (0, 0), defocus) * (illumination * np.float32(lamp / 65535))
        seen += rng.standard_normal(seen.shape, np.float32) * np.float32(noise)
        channels.append(np.clip(np.rint(seen), 0, 255).astype(np.uint8))
    return cv2.merge(channels)
