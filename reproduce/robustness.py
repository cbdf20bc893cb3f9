"""How a network's segmentation holds when the images get worse."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import keras
import pandas as pd

from nodes_unet import metrics
from nodes_unet.data.perturbations import PERTURBATIONS
from nodes_unet.data.source import Sample
from nodes_unet.data.store import Split
from nodes_unet.inference import segment


def robustness(
    model: keras.Model, preprocessing, split: Split, classes: Sequence[str], levels: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """Segments a split once for each level of each perturbation.

    Returns:
        Columns `perturbation`, `level` (0: none), `pa` and `miou`, pooled shares.
    """

    def measured(perturbed) -> dict[str, float]:
        matrix = sum(
            metrics.confusion_matrix(sample.mask, segment(model, preprocessing, sample.image), len(classes))
            for sample in map(perturbed, split)
        )
        pooled = metrics.pooled(matrix, classes)
        return {"pa": pooled["pa"], "miou": pooled["miou"]}

    unchanged = measured(lambda sample: sample)
    lines = []
    for name, chosen in levels.items():
        lines.append({"perturbation": name, "level": 0.0, **unchanged})
        lines.extend({"perturbation": name, "level": level, **measured(_with(name, level))} for level in chosen)
    return pd.DataFrame(lines)


def _with(name: str, level: float):
    def perturbed(sample: Sample) -> Sample:
        return replace(sample, image=PERTURBATIONS[name](sample.image, level))

    return perturbed
