"""Objects found and counted (Morelli et al. 2021, sections 4.3 and 5.1): one prediction under every matching rule."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from skimage.measure import label

from nodes_unet import instance_metrics
from nodes_unet.data.store import Split
from nodes_unet.errors import InputError
from nodes_unet.matching import RULES, Counts, counts, f1, objects, share
from nodes_unet.postprocessing import instances

SMOOTHING = {"paper": 0, "authors' code": 0.001, "optimal": 0}
BEST, KNEE = "best F1", "knee"
ARTEFACT = "artefact"  # kind of an image


@dataclass(frozen=True)
class Lengths:
    """Lengths of post-processing and matching in pixels of an image.

    Attributes:
        cell_radius: mean, of the training cells.
        scale: of the paper's pixels; 1 as printed.
        radius: of a match.
        cleaning: arguments of `nodes_unet.postprocessing.instances`.
    """

    cell_radius: float
    scale: float
    radius: float
    cleaning: Mapping[str, float]


def cell_radius(masks: Iterable[np.ndarray]) -> float:
    """Mean radius of the cells in masks (H, W), in pixels: that of the circle of their mean area.

    Raises:
        InputError: there is no cell.
    """
    areas = np.concatenate([np.bincount(truth_instances(mask).ravel())[1:] for mask in masks])
    areas = areas[areas > 0]
    if not areas.size:
        raise InputError("the training images show no cell: cells are needed to learn from, add images that have some")
    return math.sqrt(areas.mean() / math.pi)


def lengths(settings: Mapping, measured: float) -> Lengths:
    """The recipe's lengths and areas, where it says so scaled by the measured radius of cells to that of the paper."""
    scale = measured / settings["cell_radius"] if settings["scale_lengths"] else 1
    printed = settings["post_processing"]
    scaled = {
        "hole": round(printed["hole"] * scale**2),
        "smallest": round(printed["smallest"] * scale**2),
        "smoothing": max(1, round(printed["smoothing"] * scale)),
        "apart": max(1, round(printed["apart"] * scale)),
        "marker": max(1, round(printed["marker"] * scale**2)),
    }
    return Lengths(measured, scale, settings["match_radius"] * scale, {**printed, **scaled})


def scaled_weights(options: Mapping[str, float], scale: float) -> dict[str, float]:
    """Arguments of `nodes_unet.weight_maps.weight_map`, its lengths and areas scaled."""
    factors = {"sigma": scale, "within": scale, "min_object": scale**2, "min_hole": scale**2}
    scaled = {name: options[name] * factor for name, factor in factors.items() if name in options}
    return {**options, **{name: value if name == "sigma" else max(1, round(value)) for name, value in scaled.items()}}


def truth_instances(mask: np.ndarray) -> np.ndarray:
    """Instances (H, W) of a mask: its own, or the connected components (8 neighbours) of one of classes."""
    return label(mask) if mask.dtype == np.uint8 else mask.astype(np.int32)


def f1_by_threshold(
    probabilities: Sequence[np.ndarray], split: Split, thresholds: Sequence[float], rule: str, of: Lengths
) -> pd.DataFrame:
    """F1 over all images at each threshold.

    Args:
        probabilities: (H, W) of each image of the split.
        split: with the masks.
        thresholds: to try.
        rule: of `nodes_unet.matching.RULES`.
        of: lengths.

    Returns:
        The columns `threshold`, `f1`, and the sums `true_positives`, `false_positives` and `false_negatives`.
    """
    truths = [objects(truth_instances(split.mask(number))) for number in range(len(split))]
    lines = []
    for threshold in thresholds:
        found = [objects(instances(probability, threshold, **of.cleaning)) for probability in probabilities]
        matched = _summed(
            counts(RULES[rule](truth, predicted, of.radius), truth, predicted)
            for truth, predicted in zip(truths, found, strict=True)
        )
        lines.append({"threshold": threshold, "f1": f1(matched, SMOOTHING[rule]), **matched._asdict()})
    return pd.DataFrame(lines)


def chosen(curve: pd.DataFrame, by: str) -> float:
    """The threshold of the highest F1, or of the knee of the curve.

    The knee is where a curve, both axes scaled to 0 to 1, is farthest above the falling diagonal (Satopää et al., ICDCS
    Workshops 2011).

    Args:
        curve: as `f1_by_threshold` returns it; an F1 that is NaN counts as 0.
        by: `BEST`, of equals the lowest, or `KNEE`.

    Raises:
        InputError: another rule.
    """
    height = curve.f1.fillna(0).to_numpy()
    if by == KNEE:
        height = _scaled(height) + _scaled(curve.threshold.to_numpy())
    elif by != BEST:
        raise InputError(f"threshold_by {by!r} is neither {BEST!r} nor {KNEE!r}")
    return float(curve.threshold[height.argmax()])


def _scaled(numbers: np.ndarray) -> np.ndarray:
    return (numbers - numbers.min()) / (np.ptp(numbers) or 1)


def scored(truth: np.ndarray, predicted: np.ndarray, radius: float) -> dict[str, float]:
    """What an image's instances say under every rule.

    Args:
        truth, predicted: instances (H, W).
        radius: of a match, pixels.

    Returns:
        Counts `truth` and `predicted`; `true_positives.<rule>` and so on; `iou` of the pixels, `ap50` to `ap90`, `pq`,
        which are 1 where there is no cell and none is found.
    """
    known, found = objects(truth), objects(predicted)
    line = {"truth": len(known.centroids), "predicted": len(found.centroids)}
    for rule, pairs_of in RULES.items():
        matched = counts(pairs_of(known, found, radius), known, found)
        line |= {f"{name}.{rule}": value for name, value in matched._asdict().items()}
    either, both = ((truth > 0) | (predicted > 0)).sum(), ((truth > 0) & (predicted > 0)).sum()
    overlaps = instance_metrics.overlap_matrix(truth, predicted)
    precision = instance_metrics.average_precision(overlaps)
    quality = {
        "iou": both / either if either else np.nan,
        **{f"ap{round(100 * threshold)}": value for threshold, value in precision.items()},
        "pq": instance_metrics.panoptic_quality(overlaps),
    }
    return line | {name: value if either else 1.0 for name, value in quality.items()}


def summarised(per_image: pd.DataFrame) -> dict[str, float]:
    """Metrics over images, of lines as `scored` returns them and the images' `kind`.

    F1, precision and recall are of the sums over images, under each rule. Errors of counts are of images, the
    relative one (`mpe`) of those with a cell; `wrong_objects` are the false and missed ones of an image, and
    `false_positives.<kind>` the false ones of an image of a kind, by optimal assignment. `f1.between_rules` is how much
    of a difference of F1 can be one of rules: the highest less the lowest. IoU, AP and PQ are means of images.
    """
    error = per_image.predicted - per_image.truth
    invented = per_image["false_positives.optimal"]
    measured = {
        "mae": error.abs().mean(),
        "medae": error.abs().median(),
        "mpe": (error / per_image.truth)[per_image.truth > 0].mean(),
        "count_bias": error.mean(),
        "wrong_objects": (invented + per_image["false_negatives.optimal"]).mean(),
        **{f"false_positives.{kind}": of_kind.mean() for kind, of_kind in invented.groupby(per_image.kind) if kind},
    }
    for rule, smoothing in SMOOTHING.items():
        matched = Counts(*(int(per_image[f"{name}.{rule}"].sum()) for name in Counts._fields))
        hits, false, missed = matched
        measured |= {
            f"f1.{rule}": f1(matched, smoothing),
            f"precision.{rule}": share(hits, hits + false, smoothing),
            f"recall.{rule}": share(hits, hits + missed, smoothing),
        }
    by_rule = [measured[f"f1.{rule}"] for rule in SMOOTHING]
    measured["f1.between_rules"] = max(by_rule) - min(by_rule)
    means = per_image[["iou", "pq", *(name for name in per_image if name.startswith("ap"))]].mean()
    return {**measured, **{f"{name}.per_image": value for name, value in means.items()}}


def _summed(counted: Iterable[Counts]) -> Counts:
    return Counts(*np.sum([tuple(each) for each in counted], axis=0).tolist())
