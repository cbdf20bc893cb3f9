"""IoU and Dice of a network with one class on test images: at the masks' own size and at the network's.

Abbas & Abdulmunim 2023 resize images and masks (section 4.2) and score what comes out. Other papers bring predictions
back to the size of the masks; what is lost on the way there and back, the labels lose as well.
"""

import numpy as np
import pandas as pd

from nodes_unet import overlap
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.inference import brought_back

OWN, RESIZED, OF_LABELS = "own", "resized", "of_labels"


class Overlaps:
    """What overlap measures are made of, collected image by image.

    Args:
        prepared: the network's preprocessing.
        threshold: of its probability.
    """

    def __init__(self, prepared: Preprocessing, threshold: float):
        self.prepared, self.threshold = prepared, threshold
        self._sums = {OWN: [], RESIZED: [], OF_LABELS: []}

    def add(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        """Takes in an image: its mask (H, W) uint8, 0 and 1, and what the network gave, (H', W', 1) float32."""
        _, resized = self.prepared.resize(truth, truth)
        kept = brought_back(resized[..., None].astype(np.float32), truth.shape)
        pairs = {OWN: (truth, brought_back(predicted, truth.shape)), RESIZED: (resized, predicted)}
        for part, (mask, probability) in {**pairs, OF_LABELS: (truth, kept)}.items():
            self._sums[part].append(overlap.sums(mask, probability[..., 0], self.threshold))

    def metrics(self, batch_size: int) -> dict[str, float]:
        """Every protocol of `nodes_unet.overlap.protocols`, as `iou.per_image` of masks of their own size and as
        `iou.per_image.resized` of masks of the network's; and `iou.of_labels`, `dice.of_labels`: means over images of
        the labels themselves, brought to the network's size and back as predictions are.
        """
        of_labels = self._of(OF_LABELS)
        resized = overlap.protocols(self._of(RESIZED), batch_size)
        return {
            **overlap.protocols(self._of(OWN), batch_size),
            **{f"{name}.{RESIZED}": value for name, value in resized.items()},
            **{f"{each.__name__}.of_labels": float(each(of_labels, "hard").mean()) for each in overlap.MEASURES},
        }

    def per_image(self) -> pd.DataFrame:
        """A line an image: hard IoU and Dice, and the sums that every protocol comes from, of masks of their own size
        (`own_iou`, `own_dice`, `own_truth`, `own_soft_both`, ...) and of the network's (`resized_iou`, ...).
        """
        return pd.concat([self._with_measures(part).add_prefix(f"{part}_") for part in (OWN, RESIZED)], axis=1)

    def _with_measures(self, part: str) -> pd.DataFrame:
        sums = self._of(part)
        return pd.concat([pd.DataFrame({each.__name__: each(sums, "hard") for each in overlap.MEASURES}), sums], axis=1)

    def _of(self, part: str) -> pd.DataFrame:
        return pd.DataFrame(self._sums[part])
