"""Attention maps: what a run leaves of its gates on the test images, and a drawing of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import h5py
import numpy as np

from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.source import Sample
from nodes_unet.files import replacing
from nodes_unet.hdf5 import Disk
from reproduce.figures.segmentations import read_prediction, sheet

if TYPE_CHECKING:
    import keras


def write_attention(path: Path, model: "keras.Model", preprocessing: Preprocessing, samples: Sequence[Sample]) -> None:
    """Writes a group for each image, named after its id, with (h, w) uint8 coefficients of each gate, 255 for 1.

    A network without gates leaves no file.

    Raises:
        InputError: the file cannot be written.
    """
    from nodes_unet.models.attention import attention_coefficients, gates

    if not gates(model):
        return
    maps = attention_coefficients(model, np.stack([preprocessing(sample.image) for sample in samples]))
    with replacing(path) as temporary, Disk(temporary) as disk, h5py.File(disk, "w") as file:
        for gate, coefficients in maps.items():
            for sample, of_image in zip(samples, np.rint(255 * coefficients).astype(np.uint8), strict=True):
                file.create_dataset(f"{sample.id}/{gate}", data=of_image, compression="gzip")


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
    with h5py.File(next(iter(attention.values())), "r") as file:
        gates = {gate: maps.shape for gate, maps in file[next(iter(images.values()))].items()}
    originals = [read_prediction(predictions[row], name).image for row, _, name in lines]
    figure, panels = sheet(originals, len(gates) + 1)
    for line, (row, what, name), image in zip(panels, lines, originals, strict=True):
        with h5py.File(attention[row], "r") as file:
            maps = [file[name][gate][()] for gate in gates]
        line[0].imshow(image)
        for axes, coefficients in zip(line[1:], maps, strict=True):
            axes.imshow(image)
            enlarged = cv2.resize(coefficients, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            shown = axes.imshow(enlarged / 255, cmap="cividis", vmin=0, vmax=1, alpha=0.6)
        line[0].set_ylabel(f"{row}\n{what}\n{name[:16]}", fontsize="small")
    sizes = (f"{gate}, {height}x{width}" for gate, (height, width) in gates.items())
    for axes, heading in zip(panels[0], ["image", *sizes], strict=True):
        axes.set_title(heading, fontsize="medium")
    figure.colorbar(shown, ax=panels, label="attention coefficient", shrink=0.5)
    figure.suptitle(title)
    figure.savefig(path, dpi=90, format="png", bbox_inches="tight")
