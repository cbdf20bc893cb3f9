"""Pictures of segmentations (Li et al. 2021, Figures 7 and 8), and what all pictures of test images share."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from nodes_unet.data.preview import COLOURS, colour
from reproduce.evaluation.predictions import read_prediction


def chosen_images(per_image: Mapping[str, Mapping[int, pd.DataFrame]], metric: str = "miou") -> dict[str, str]:
    """Ids of the worst, quartile and best images by a metric, averaged over rows and seeds: by what they are.

    Of fewer than four images each comes once. Images in which the metric is not defined are left out.
    """
    tables = [table for by_seed in per_image.values() for table in by_seed.values()]
    ranked = pd.concat(tables).groupby("id")[metric].mean().dropna().sort_values(kind="stable")
    places = {"worst": 0, "lower quartile": 0.25, "upper quartile": 0.75, "best": 1}
    chosen = {}
    for what, share in places.items():
        name = ranked.index[round(share * (len(ranked) - 1))]
        if name not in chosen.values():
            chosen[what] = name
    return chosen


def sheet(images: Sequence[np.ndarray], columns: int) -> tuple[Figure, np.ndarray]:
    """A figure of panels without ticks, a line for each image (H, W, ...), in its proportions."""
    heights = [2.1 * image.shape[0] / image.shape[1] for image in images]
    figure = Figure(figsize=(2.1 * columns + 1, sum(heights) + 0.2 * len(heights) + 1), layout="compressed")
    options = {"subplot_kw": {"xticks": [], "yticks": []}, "height_ratios": heights}
    return figure, figure.subplots(len(heights), columns, squeeze=False, **options)


def draw(
    images: Mapping[str, str],
    predictions: Mapping[str, Path],
    scores: Mapping[str, Mapping[str, float]],
    classes: Sequence[str],
    title: str,
    path: Path,
) -> None:
    """Original, preprocessed, label and the prediction of each row, one line an image, into a PNG file.

    Args:
        images: ids by what they are.
        predictions: by row, the file that `write_predictions` wrote.
        scores: by row and id, what is written below a prediction.
        classes: names in the order of the mask's values.
        title: of the figure.
        path: of the PNG file.
    """
    headings = ["original", "preprocessed", "label", *predictions]
    first_row = next(iter(predictions.values()))
    figure, panels = sheet([read_prediction(first_row, name).image for name in images.values()], len(headings))
    for line, (what, name) in zip(panels, images.items(), strict=True):
        segmented = {row: read_prediction(file, name) for row, file in predictions.items()}
        first = next(iter(segmented.values()))
        labels = [first.mask, *(each.prediction for each in segmented.values())]
        height, width = first.mask.shape
        for axes, picture in zip(line, [first.image, first.preprocessed, *map(colour, labels)], strict=True):
            axes.imshow(picture, extent=(0, width, height, 0))
        line[0].set_ylabel(f"{what}\n{name}", fontsize="small")
        for axes, row in zip(line[3:], segmented, strict=True):
            axes.set_xlabel(f"{scores[row][name]:.1f}", fontsize="small", labelpad=2)
    for axes, heading in zip(panels[0], headings, strict=True):
        axes.set_title(heading, fontsize="medium")
    handles = [Patch(color=shade / 255, label=name) for shade, name in zip(COLOURS, classes, strict=False)]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize="small")
    figure.suptitle(title)
    figure.savefig(path, dpi=100, format="png", bbox_inches="tight")
