"""How a trained row that segments is evaluated on the test images."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from nodes_unet import metrics, profiling
from nodes_unet.data.batches import Batches
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.data.splits import all_copies
from nodes_unet.data.store import Split
from nodes_unet.errors import SolverError
from nodes_unet.inference import brought_back, labelled, predicted, seconds_for
from nodes_unet.losses import loss
from nodes_unet.ode import ode_blocks
from reproduce.evaluation.overlap import Overlaps
from reproduce.evaluation.robustness import robustness
from reproduce.evaluation.scoring import wrong
from reproduce.training import fitting, preprocessing, target


@dataclass(frozen=True)
class Evaluation:
    """Results on the test split.

    Attributes:
        metrics: by name.
        per_image: one line an image, its confusion matrix included.
        inputs: as `input_statistics` returns them.
        solver: statistics by ODE-block.
        predictions: (H, W) uint8 classes of each image.
        robustness: as `reproduce.evaluation.robustness.robustness` returns it, where the recipe has perturbations.
    """

    metrics: dict[str, float]
    per_image: pd.DataFrame
    inputs: dict[str, float]
    solver: dict[str, dict[str, float]]
    predictions: list[np.ndarray]
    robustness: pd.DataFrame | None


def evaluate(model: keras.Model, split: Split, classes: Sequence[str], settings: Mapping) -> Evaluation:
    """Evaluates a network on a split; predictions are brought back to each mask's size before anything is counted.

    An image whose solve failed is wrong in every pixel; of ODE-blocks, `failed_solves` says of how many.
    """
    prepared, of_mask = preprocessing(settings), target(settings)
    overlaps = Overlaps(prepared, settings["threshold"]) if "threshold" in settings else None
    truths, matrices, evaluations, predictions, failed = [], [], [], [], 0
    for sample in split:
        truth = of_mask(sample.mask)
        truths.append(truth)
        try:
            at_size = predicted(model, prepared, sample.image)
        except SolverError:
            failed += 1
            predictions.append(wrong(truth, len(classes)))
        else:
            predictions.append(labelled(brought_back(at_size, truth.shape), settings.get("threshold")))
            if overlaps:
                overlaps.add(truth, at_size)
        matrices.append(metrics.confusion_matrix(truth, predictions[-1], len(classes)))
        evaluations.append([block.nfe for block in ode_blocks(model)])
    rates = pd.DataFrame([metrics.pooled(matrix, classes) for matrix in matrices])
    pixels = pd.DataFrame([metrics.counts(matrix, classes) for matrix in matrices])
    inputs = [prepared(split[number].image) for number in range(min(len(split), settings["timed_images"]))]
    seconds = seconds_for(model, inputs, settings["timed_images"], settings["timed_passes"])
    solver = _solver_statistics(model, np.array(evaluations))
    pooled, levels = metrics.pooled(sum(matrices), classes), settings.get("perturbations")
    measured = {
        **_named(pooled, "pooled"),
        **_named(rates.mean().to_dict(), "per_image"),
        f"seconds_{settings['timed_images']}.batch1": seconds,
        "seconds_per_image.batch1": seconds / settings["timed_images"],
        "parameters": profiling.parameters(model),
        "parameter_bytes": profiling.parameter_bytes(model),
        "nfe": sum(block["nfe_mean"] for block in solver.values()),
        **({"failed_solves": failed} if solver else {}),
        **_named(labels_at_size(prepared, truths, classes), "of_labels"),
    }
    if overlaps:
        rates = pd.concat([rates, overlaps.per_image()], axis=1)
        measured |= overlaps.metrics(settings["batch_size"]) | _losses(model, split, settings)
    return Evaluation(
        metrics=measured,
        per_image=pd.concat([pd.DataFrame({"id": split.ids, "group": split.groups}), rates, pixels], axis=1),
        inputs=input_statistics(prepared, split),
        solver=solver,
        predictions=predictions,
        robustness=robustness(model, prepared, split, classes, levels, pooled) if levels else None,
    )


def input_statistics(prepared: Preprocessing, split: Split) -> dict[str, float]:
    """Mean and spread (standard deviation) over all values of the images as the network is given them."""
    count, total, squares = 0, 0.0, 0.0
    for sample in split:
        values = prepared(sample.image).astype(np.float64)
        count, total, squares = count + values.size, total + values.sum(), squares + np.square(values).sum()
    return {"mean": total / count, "spread": math.sqrt(max(squares / count - (total / count) ** 2, 0))}


def labels_at_size(prepared: Preprocessing, masks: Iterable[np.ndarray], classes: Sequence[str]) -> dict[str, float]:
    """PA and MIoU, pooled, of labels brought to the network's size and back as predictions are: what that size keeps.

    Args:
        prepared: the network's preprocessing.
        masks: (H, W) uint8 classes each.
        classes: their names.
    """
    matrix = 0
    for truth in masks:
        _, small = prepared.resize(truth, truth)
        kept = labelled(brought_back(np.eye(len(classes), dtype=np.float32)[small], truth.shape))
        matrix += metrics.confusion_matrix(truth, kept, len(classes))
    pooled = metrics.pooled(matrix, classes)
    return {name: pooled[name] for name in ("pa", "miou")}


def _losses(model: keras.Model, split: Split, settings: Mapping) -> dict[str, float]:
    """The loss that the network was trained with, at its size, mean over images; above its least too, if known."""
    fitted = fitting(settings)
    of_batch = loss(fitted.loss, model.output_shape[-1], **fitted.loss_options)
    batches = Batches(
        split,
        all_copies(range(len(split)), 1),
        settings["batch_size"],
        preprocessing(settings),
        lambda image, mask, *_: (image, mask),
        target=target(settings),
    )
    losses, sizes = [], []
    for images, labels in (batches[number] for number in range(batches.num_batches)):
        losses.append(float(of_batch(labels, model.predict_on_batch(images))))
        sizes.append(len(labels))
    average = float(np.average(losses, weights=sizes))
    above = {"loss.above_least": average - of_batch.least} if hasattr(of_batch, "least") else {}
    return {"loss": average, **above}


def _named(values: Mapping[str, float], pooling: str) -> dict[str, float]:
    """Names with protocol: `miou.pooled`, `miou.of_labels`, `cpa_white.recall`, `cpa_white.recall_per_image`."""
    suffix = "" if pooling == "pooled" else f"_{pooling}"
    return {name + suffix if "." in name else f"{name}.{pooling}": value for name, value in values.items()}


def _solver_statistics(model: keras.Model, nfe: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        block.name: {"nfe_mean": float(column.mean()), "nfe_min": int(column.min()), "nfe_max": int(column.max())}
        for block, column in zip(ode_blocks(model), nfe.T, strict=True)
    }
