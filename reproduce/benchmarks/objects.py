"""From a probability map to counted errors: post-processing and matching against labelling connected components."""

import cv2
import numpy as np
import pandas as pd
from skimage.measure import label

from nodes_unet.instance_metrics import overlap_matrix, panoptic_quality
from nodes_unet.matching import RULES, objects
from nodes_unet.postprocessing import instances
from reproduce.benchmarks.timing import median_seconds_in_turn, one_thread

THRESHOLD = 0.5
RADII = 18, 29  # pixels; the paper's cells have a mean radius of 25
MATCH_RADIUS = 50


def measure(cells: int = 100, height: int = 1200, width: int = 1600, repeats: int = 5) -> pd.DataFrame:
    """Times the steps for one image with round cells, of which some touch, on one core.

    Args:
        cells: how many.
        height, width: of the image, pixels.
        repeats: calls, whose median counts.

    Returns:
        For each step `seconds` and the `ratio` to the floor, which is to label the components of the mask once;
        `post-processing and matching` is all that one matching rule takes.
    """
    with one_thread():
        truth = _cells(cells, height, width)
        probability = cv2.GaussianBlur((truth > 0).astype(np.float32), (0, 0), 3)
        found = instances(probability, THRESHOLD)
        known, predicted = objects(truth), objects(found)
        steps = {
            "components, the floor": lambda: label(probability >= THRESHOLD),
            "post-processing": lambda: instances(probability, THRESHOLD),
            "places and boxes": lambda: (objects(truth), objects(found)),
            **{f"rule: {name}": lambda rule=rule: rule(known, predicted, MATCH_RADIUS) for name, rule in RULES.items()},
            "panoptic quality": lambda: panoptic_quality(overlap_matrix(truth, found)),
            "post-processing and matching": lambda: RULES["optimal"](
                objects(truth), objects(instances(probability, THRESHOLD)), MATCH_RADIUS
            ),
        }
        took = median_seconds_in_turn(steps, repeats)
    floor = next(iter(took.values()))
    return pd.DataFrame([{"step": step, "seconds": value, "ratio": value / floor} for step, value in took.items()])


def _cells(cells: int, height: int, width: int) -> np.ndarray:
    """Instances (height, width) int32: discs at random, later ones over earlier ones."""
    random, labels = np.random.default_rng(0), np.zeros((height, width), np.int32)
    for number in range(1, cells + 1):
        centre = random.integers(0, (width, height)).tolist()
        cv2.circle(labels, centre, int(random.integers(*RADII)), number, cv2.FILLED)
    return labels
