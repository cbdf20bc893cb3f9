"""IoU and Dice of one foreground class, in the protocols that a paper may have meant (Abbas & Abdulmunim 2023, 4.3).

Hard: of the pixels at or above the threshold. Soft: with probabilities in place of pixels. An image, or a whole, that
has no foreground in truth and prediction gives NaN, and is left out of means.
"""

import numpy as np
import pandas as pd


def sums(truth: np.ndarray, probability: np.ndarray, threshold: float) -> dict[str, float]:
    """What every protocol is made of, for one image.

    Args:
        truth: (H, W) uint8, 0 and 1.
        probability: (H, W) float32.
        threshold: of the probability.

    Returns:
        Sums over pixels: of `truth`; of the prediction, `hard` and `soft`; and of the products of truth and prediction,
        `hard_both` and `soft_both`.
    """
    foreground, hard, soft = truth > 0, probability >= threshold, probability.astype(np.float64)
    return {
        "truth": float(foreground.sum()),
        "hard": float(hard.sum()),
        "hard_both": float((foreground & hard).sum()),
        "soft": float(soft.sum()),
        "soft_both": float(soft[foreground].sum()),
    }


def iou(images: pd.DataFrame, kind: str, smoothing: float = 0) -> pd.Series:
    """Intersection over union of each line of `sums`, `hard` or `soft`, both parts enlarged by `smoothing`."""
    both = images[f"{kind}_both"]
    return (both + smoothing) / (images.truth + images[kind] - both + smoothing)


def dice(images: pd.DataFrame, kind: str, smoothing: float = 0) -> pd.Series:
    """Dice coefficient of each line of `sums`, `hard` or `soft`, both parts enlarged by `smoothing`."""
    return (2 * images[f"{kind}_both"] + smoothing) / (images.truth + images[kind] + smoothing)


MEASURES = (iou, dice)


def protocols(images: pd.DataFrame, batch_size: int) -> dict[str, float]:
    """IoU and Dice in four protocols.

    Args:
        images: a line of `sums` for each image.
        batch_size: consecutive images in a batch.

    Returns:
        `iou.` and `dice.` with: `per_image`, hard, mean over images; `pooled`, hard, over the pixels of all images;
        `soft`, mean over images; `batch`, soft, over the pixels of a batch and with a smoothing of 1, mean over
        batches: what a metric function of Keras gives, if `images` are of the network's size.
    """
    whole, batches = images.sum().to_frame().T, images.groupby(np.arange(len(images)) // batch_size).sum()
    return {
        f"{measure.__name__}.{protocol}": float(values.mean())
        for measure in MEASURES
        for protocol, values in {
            "per_image": measure(images, "hard"),
            "pooled": measure(whole, "hard"),
            "soft": measure(images, "soft"),
            "batch": measure(batches, "soft", smoothing=1),
        }.items()
    }
