"""Prediction: an image of any size in, labels of the same size out."""

import statistics
import time
from collections.abc import Sequence
from numbers import Real

import cv2
import keras
import numpy as np

from nodes_unet import postprocessing
from nodes_unet.checkpoint import Description
from nodes_unet.data.preprocessing import Preprocessing
from nodes_unet.errors import InputError, SolverError
from nodes_unet.models.padding import least_size
from nodes_unet.ode import ode_blocks


def predicted(model: keras.Model, preprocessing: Preprocessing, image: np.ndarray) -> np.ndarray:
    """Class probabilities of one image at the network's size.

    Args:
        model: network from (1, H', W', 3) to (1, H', W', classes).
        preprocessing: the network's.
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H', W', classes) float32.

    Raises:
        InputError: the image is smaller than the network takes, or the network gives numbers that are not finite.
        SolverError: the solve of an ODE-block failed.
    """
    batch, least = preprocessing(image)[None], least_size(model)
    if min(batch.shape[1:3]) < least:
        raise InputError(
            f"the image has {batch.shape[2]} x {batch.shape[1]} pixels, this network takes {least} x {least} and more: "
            "give a larger part of it"
        )
    found = outputs(model, batch)[0]
    if not np.isfinite(found).all():
        raise InputError("the network gives numbers that are not finite, which its weights must hold: train it again")
    return found


def outputs(model: keras.Model, batch: np.ndarray):
    """What a network makes of a batch, as `predict_on_batch` gives it.

    Raises:
        SolverError: a solve of an ODE-block failed.
    """
    blocks = ode_blocks(model)
    for block in blocks:
        block.failed_solves.reset_state()
    found = model.predict_on_batch(batch)
    if failed := [block.name for block in blocks if block.failed_solves.result() > 0]:
        raise SolverError(
            f"the solve of {', '.join(failed)} failed: look for NaN in image and weights, or raise the tolerance or the"
            " cap of steps"
        )
    return found


def probabilities(model: keras.Model, preprocessing: Preprocessing, image: np.ndarray) -> np.ndarray:
    """Class probabilities of one image, as `predicted` gives them, brought back to its own size: (H, W, classes).

    Raises:
        SolverError: the solve of an ODE-block failed.
    """
    return brought_back(predicted(model, preprocessing, image), image.shape[:2])


def brought_back(probabilities: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Probabilities (H', W', classes) float32 at another size (H, W), by bilinear interpolation."""
    if probabilities.shape[:2] == tuple(shape):
        return probabilities
    resized = cv2.resize(probabilities, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return resized.reshape(*shape, -1)


def segment(model: keras.Model, preprocessing: Preprocessing, image: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The class of each pixel, as `labelled` says: (H, W, 3) uint8 RGB to (H, W) uint8.

    Raises:
        SolverError: the solve of an ODE-block failed.
    """
    return labelled(probabilities(model, preprocessing, image), threshold)


def cell_probability(model: keras.Model, description: Description, image: np.ndarray) -> np.ndarray:
    """Probability of a cell in each pixel of one image, by a network of one class: (H, W, 3) uint8 RGB to (H, W).

    Raises:
        SolverError: the solve of an ODE-block failed.
    """
    return probabilities(model, description.preprocessing, image)[..., 0]


def instances(model: keras.Model, description: Description, image: np.ndarray) -> np.ndarray:
    """The objects of one image, by the threshold and the post-processing that go with a network of `counting`.

    Args:
        model: the network.
        description: of its checkpoint.
        image: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) int32: 0 for the background, the objects numbered from 1, so that the highest number is their count.

    Raises:
        InputError: the checkpoint does not say how objects are found, or the image is of another kind.
        SolverError: the solve of an ODE-block failed.
    """
    if not (description.post_processing and len(description.thresholds) == 1):
        raise InputError(
            "the checkpoint does not say how objects are found, as one of the table counting does: take "
            "nodes_unet.inference.probabilities and nodes_unet.postprocessing.instances, with lengths of your own"
        )
    (threshold,) = description.thresholds.values()
    probability = cell_probability(model, description, image)
    return postprocessing.instances(probability, threshold, **description.post_processing)


def labelled(probabilities: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """The most probable class, of a single one whether it reaches the threshold: (H, W, classes) to (H, W) uint8.

    Raises:
        InputError: the threshold of a single class is no number.
    """
    if probabilities.shape[-1] > 1:
        return probabilities.argmax(axis=-1).astype(np.uint8)
    if not isinstance(threshold, Real):
        raise InputError(f"a threshold is a number, not {threshold!r}: give that of the class")
    return (probabilities[..., 0] >= threshold).astype(np.uint8)


def seconds_for(model: keras.Model, inputs: Sequence[np.ndarray], images: int = 20, passes: int = 3) -> float:
    """Time that a network takes for a number of images, one after the other (Li et al. 2021, Table 1: twenty).

    Args:
        model: the network.
        inputs: preprocessed images (H, W, channels) float32, taken again from the first where there are fewer.
        images: how many.
        passes: how many times all of them; the median counts. One image before them warms up.

    Returns:
        Seconds for all the images, batch size 1, preprocessing excluded.
    """
    model.predict_on_batch(inputs[0][None])
    return statistics.median(_seconds_of_a_pass(model, inputs, images) for _ in range(passes))


def _seconds_of_a_pass(model, inputs, images) -> float:
    began = time.perf_counter()
    for number in range(images):
        model.predict_on_batch(inputs[number % len(inputs)][None])
    return time.perf_counter() - began
