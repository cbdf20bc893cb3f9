"""How a trained row that counts cells is evaluated on the test images."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from nodes_unet.checkpoint import Description
from nodes_unet.data.store import Split
from nodes_unet.data.targets import filled
from nodes_unet.inference import cell_probability
from nodes_unet.postprocessing import instances
from reproduce.evaluation.objects import Lengths, chosen, f1_by_threshold, scored, summarised, truth_instances


@dataclass(frozen=True)
class ObjectEvaluation:
    """Results on the test split.

    Attributes:
        metrics: by name, with watershed and, as `<name>.no_watershed`, without.
        per_image: one line an image, with watershed.
        found: probabilities and instances (H, W) of each image.
    """

    metrics: dict[str, float]
    per_image: pd.DataFrame
    found: list[tuple[np.ndarray, np.ndarray]]


def chosen_threshold(
    model: keras.Model, described: Description, split: Split, settings: Mapping, of: Lengths
) -> tuple[float, pd.DataFrame]:
    """The threshold that the recipe chooses on the images of a split, and F1 by threshold on them."""
    curve = f1_by_threshold(
        [cell_probability(model, described, sample.image) for sample in split],
        split,
        settings["thresholds"],
        settings["threshold_rule"],
        of,
    )
    return chosen(curve, settings["threshold_by"]), curve


def evaluate_objects(model: keras.Model, described: Description, split: Split, radius: float) -> ObjectEvaluation:
    """Evaluates a network as its checkpoint describes it, matches within a radius; times are from image to count."""
    (threshold,) = described.thresholds.values()
    lines, undivided, seconds, found = [], [], [], []
    for sample in split:
        began = time.perf_counter()
        probability = cell_probability(model, described, sample.image)
        predicted = instances(probability, threshold, **described.post_processing)
        seconds.append(time.perf_counter() - began)
        truth, about = truth_instances(sample.mask), {"id": sample.id, "group": sample.group, "kind": sample.kind}
        joined = instances(probability, threshold, **{**described.post_processing, "watershed": False})
        lines.append({**about, **scored(truth, predicted, radius)})
        undivided.append({**about, **scored(truth, joined, radius)})
        found.append((probability, predicted))
    per_image = pd.DataFrame(lines)
    metrics = {
        **summarised(per_image),
        **{f"{name}.no_watershed": value for name, value in summarised(pd.DataFrame(undivided)).items()},
        "threshold": threshold,
        "seconds_per_image.batch1": float(np.median(seconds)),
    }
    return ObjectEvaluation(metrics, per_image, found)


def metrics_of_labels(
    split: Split, post_processing: Mapping, radius: float, separate: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    """What post-processing makes of labels in place of probabilities, by `<name>.of_labels`: what a network can reach.

    Args:
        split: the test images.
        post_processing: options of `nodes_unet.postprocessing.instances`.
        radius: of a match, pixels.
        separate: what is done with touching instances before they are learnt, as for `nodes_unet.data.batches.Batches`.
    """
    lines = []
    for sample in split:
        predicted = instances(filled(separate(sample.mask)), 1, **post_processing)
        lines.append({"kind": sample.kind, **scored(truth_instances(sample.mask), predicted, radius)})
    return {f"{name}.of_labels": value for name, value in summarised(pd.DataFrame(lines)).items()}
