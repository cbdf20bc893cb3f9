"""Drawings of attention maps."""

from collections.abc import Mapping
from pathlib import Path

import cv2

from reproduce.evaluation.attention_maps import read_attention
from reproduce.evaluation.predictions import read_prediction
from reproduce.figures.segmentations import sheet


def draw(
    images: Mapping[str, str], attention: Mapping[str, Path], predictions: Mapping[str, Path], title: str, path: Path
) -> None:
    """The coefficients of each gate over the image, for each row a line an image, into a PNG file.

    Args:
        images: ids by what they are.
        attention, predictions: by row, the files that `write_attention` and `write_predictions` wrote.
        title: of the figure.
        path: of the PNG file.
    """
    lines = [(row, what, name) for row in attention for what, name in images.items()]
    originals = [read_prediction(predictions[row], name).image for row, _, name in lines]
    maps = [read_attention(attention[row], name) for row, _, name in lines]
    sizes = {gate: coefficients.shape for gate, coefficients in maps[0].items()}
    figure, panels = sheet(originals, len(sizes) + 1)
    for line, (row, what, name), image, by_gate in zip(panels, lines, originals, maps, strict=True):
        line[0].imshow(image)
        for axes, gate in zip(line[1:], sizes, strict=True):
            axes.imshow(image)
            enlarged = cv2.resize(by_gate[gate], image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            shown = axes.imshow(enlarged / 255, cmap="cividis", vmin=0, vmax=1, alpha=0.6)
        line[0].set_ylabel(f"{row}\n{what}\n{name[:16]}", fontsize="small")
    headings = (f"{gate}, {height}x{width}" for gate, (height, width) in sizes.items())
    for axes, heading in zip(panels[0], ["image", *headings], strict=True):
        axes.set_title(heading, fontsize="medium")
    figure.colorbar(shown, ax=panels, label="attention coefficient", shrink=0.5)
    figure.suptitle(title)
    figure.savefig(path, dpi=90, format="png", bbox_inches="tight")
