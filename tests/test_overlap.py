"""IoU and Dice: by hand, against scikit-learn, and tied to one another as they must be."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nodes_unet import overlap

CASES = st.integers(1, 6).flatmap(
    lambda images: st.tuples(
        arrays(np.uint8, (images, 3, 4), elements=st.integers(0, 1)),
        arrays(np.float32, (images, 3, 4), elements=st.floats(0, 1, width=32)),
    )
)


def table(truths, probabilities, threshold=0.5):
    return pd.DataFrame([overlap.sums(*pair, threshold) for pair in zip(truths, probabilities, strict=True)])


def test_two_images_by_hand():
    truths = np.array([[[1, 1, 0, 0]], [[1, 0, 0, 0]]], np.uint8)
    probabilities = np.array([[[0.5, 0.25, 0.75, 0]], [[1, 0, 0, 0]]], np.float32)
    found = overlap.protocols(table(truths, probabilities), batch_size=2)
    assert found == pytest.approx(
        {
            "iou.per_image": (1 / 3 + 1) / 2,
            "iou.pooled": 2 / 4,
            "iou.soft": (0.75 / 2.75 + 1) / 2,
            "iou.batch": (1.75 + 1) / (3 + 2.5 - 1.75 + 1),
            "dice.per_image": (2 / 4 + 1) / 2,
            "dice.pooled": 4 / 6,
            "dice.soft": (1.5 / 3.5 + 1) / 2,
            "dice.batch": (3.5 + 1) / (5.5 + 1),
        }
    )


def test_batches_are_consecutive_and_the_last_may_be_smaller():
    truths = np.ones((3, 1, 1), np.uint8)
    probabilities = np.array([1, 0, 1], np.float32).reshape(3, 1, 1)
    found = overlap.protocols(table(truths, probabilities), batch_size=2)
    assert found["iou.batch"] == pytest.approx(((1 + 1) / (2 + 1) + 1) / 2)


@given(CASES, st.floats(0.1, 0.9))
def test_hard_protocols_agree_with_scikit_learn(case, threshold):
    truths, probabilities = case
    found = overlap.protocols(table(truths, probabilities, threshold), batch_size=2)
    score = {"zero_division": np.nan}
    flat = truths.ravel(), (probabilities >= threshold).ravel()
    if flat[0].any() or flat[1].any():
        assert found["dice.pooled"] == pytest.approx(sklearn.metrics.f1_score(*flat, **score))
        assert found["iou.pooled"] == pytest.approx(sklearn.metrics.jaccard_score(*flat, zero_division=0))


@given(CASES)
def test_dice_of_images_is_bounded_by_their_iou(case):
    found = overlap.protocols(table(*case), batch_size=2)
    if not np.isnan(found["iou.per_image"]):
        mean = found["iou.per_image"]
        assert mean <= found["dice.per_image"] <= 2 * mean / (1 + mean) + 1e-12


@given(CASES)
def test_soft_is_hard_where_probabilities_are(case):
    truths, probabilities = case
    found = overlap.protocols(table(truths, probabilities.round()), batch_size=6)
    for measure in ("iou", "dice"):
        assert found[f"{measure}.soft"] == pytest.approx(found[f"{measure}.per_image"], nan_ok=True)


def test_an_empty_image_counts_for_nothing():
    truths, probabilities = np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2, 2), np.float32)
    truths[1], probabilities[1, 0] = 1, 1
    found = overlap.protocols(table(truths, probabilities), batch_size=1)
    assert found["iou.per_image"] == 0.5
    assert np.isnan(overlap.protocols(table(truths[:1], probabilities[:1]), 1)["iou.pooled"])
