"""Pictures of counted objects (Morelli et al. 2021, Figures 6 and 11)."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from matplotlib.patches import Patch
from skimage.exposure import rescale_intensity
from skimage.segmentation import find_boundaries

from nodes_unet.data.preview import drawn_size
from nodes_unet.matching import objects, optimal
from reproduce.evaluation.found import Found, read_objects
from reproduce.figures.segmentations import sheet

# Okabe & Ito's, which colour-blind readers tell apart
MATCHED, FALSE, MISSED = (0, 158, 115), (213, 94, 0), (86, 180, 233)
LONGEST = 420  # pixels of a picture's longer side
OUTCOMES = {"matched": MATCHED, "false": FALSE, "missed": MISSED}


def outlined(found: Found, radius: float) -> np.ndarray:
    """The image, brightened, with outlines of matched and false predictions and missed targets.

    Args:
        found: the image, (H, W).
        radius: of a match, pixels, by optimal assignment.

    Returns:
        (H', W', 3) uint8 RGB, of `LONGEST` pixels at most, so that outlines are not averaged away when it is drawn.
    """
    known, predicted = objects(found.truth), objects(found.predicted)
    pairs = optimal(known, predicted, radius)
    truths, predictions = (np.unique(labels[labels > 0]) for labels in (found.truth, found.predicted))
    lines = {
        MISSED: (found.truth, np.delete(truths, pairs[:, 0])),
        MATCHED: (found.predicted, predictions[pairs[:, 1]]),
        FALSE: (found.predicted, np.delete(predictions, pairs[:, 1])),
    }
    size = drawn_size(found.truth.shape, LONGEST)[::-1]
    picture = cv2.resize(brightened(found.image), size, interpolation=cv2.INTER_AREA)
    for colour, (labels, chosen) in lines.items():
        shown = cv2.resize(labels * np.isin(labels, chosen), size, interpolation=cv2.INTER_NEAREST_EXACT)
        picture[find_boundaries(shown, mode="thick")] = colour
    return picture


def brightened(image: np.ndarray) -> np.ndarray:
    """The image with its darkest and brightest 0.5 % of values spread to black and white: (H, W, 3) uint8 to the same.

    Values are spread together, so that hues stay.
    """
    darkest, brightest = np.percentile(image, (0.5, 99.5))
    shown = darkest, max(brightest, darkest + 1)
    return rescale_intensity(image, in_range=shown, out_range=(0, 255)).astype(np.uint8)


def draw(images: Mapping[str, str], files: Mapping[str, tuple[Path, float]], title: str, path: Path) -> None:
    """Image, heat map and outcome of each row, one line an image, into a PNG file.

    Args:
        images: ids by what they are.
        files: by row, the file that `write_objects` wrote and the radius of a match in pixels.
        title: of the figure.
        path: of the PNG file.
    """
    first_row, _ = next(iter(files.values()))
    originals = [read_objects(first_row, name).image for name in images.values()]
    figure, panels = sheet(originals, 1 + 2 * len(files))
    for axes, heading in zip(panels[0], ["image, brightened", *chain(*(_headings(row) for row in files))], strict=True):
        axes.set_title(heading, fontsize="small")
    for line, (what, name), original in zip(panels, images.items(), originals, strict=True):
        line[0].imshow(brightened(original))
        for number, (file, radius) in enumerate(files.values()):
            found = read_objects(file, name)
            heat, outcome = line[1 + 2 * number : 3 + 2 * number]
            shown = heat.imshow(found.probability / 255, cmap="cividis", vmin=0, vmax=1)
            outcome.imshow(outlined(found, radius))
            counted = {"counted": found.predicted, "true": found.truth}
            numbers = [f"{len(np.unique(labels[labels > 0]))} {which}" for which, labels in counted.items()]
            outcome.set_xlabel(", ".join(numbers), fontsize="small", labelpad=2)
        line[0].set_ylabel(f"{what}\n{name[:16]}", fontsize="small")
    figure.colorbar(shown, ax=panels, label="probability of a cell", shrink=0.4)
    handles = [Patch(color=np.array(colour) / 255, label=outcome) for outcome, colour in OUTCOMES.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize="small")
    figure.suptitle(title)
    figure.savefig(path, dpi=100, format="png", bbox_inches="tight")


def _headings(row: str) -> tuple[str, str]:
    return f"{row}\nprobability", f"{row}\ncells"
