"""How a network's segmentation holds when the images get worse."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import keras
import pandas as pd

from nodes_unet.data.perturbations import PERTURBATIONS
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.store import Split
from reproduce.evaluation.scoring import score


def robustness(
    model: keras.Model,
    preprocessing: Preprocessing,
    split: Split,
    classes: Sequence[str],
    levels: Mapping[str, Sequence[float]],
    unchanged: Mapping[str, float],
) -> pd.DataFrame:
    """Segments a split once for each level of each perturbation.

    Args:
        model, preprocessing, split, classes: what is evaluated.
        levels: by name of the perturbation.
        unchanged: `pa` and `miou` of the images as they are.

    Returns:
        Columns `perturbation`, `level` (0: none), `pa` and `miou` (pooled shares).
    """
    lines = []
    for name, chosen in levels.items():
        lines.append({"perturbation": name, "level": 0.0, "pa": unchanged["pa"], "miou": unchanged["miou"]})
        for level in chosen:
            perturbed = (replace(sample, image=PERTURBATIONS[name](sample.image, level)) for sample in split)
            scored = score(model, preprocessing, perturbed, classes)
            lines.append({"perturbation": name, "level": level, "pa": scored.pa, "miou": scored.miou})
    return pd.DataFrame(lines)
