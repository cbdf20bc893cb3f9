import warnings

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nodes_unet import metrics


def label_maps(classes):
    """Two maps of classes of one shape."""
    shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))
    return shapes.flatmap(
        lambda shape: st.tuples(*(arrays(np.uint8, shape, elements=st.integers(0, classes - 1)) for _ in range(2)))
    )


LABEL_MAPS = st.integers(1, 5).flatmap(lambda classes: st.tuples(st.just(classes), label_maps(classes)))
HAND = np.array([[50, 0, 10], [0, 8, 2], [5, 5, 20]])


@given(LABEL_MAPS)
def test_confusion_matrix_and_metrics_agree_with_scikit_learn(case):
    classes, (truth, prediction) = case
    matrix = metrics.confusion_matrix(truth, prediction, classes)
    labels, true, predicted = list(range(classes)), truth.ravel(), prediction.ravel()
    assert metrics.pixel_accuracy(matrix) == pytest.approx(sklearn.metrics.accuracy_score(true, predicted), abs=1e-12)
    score = {"labels": labels, "average": None, "zero_division": np.nan}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of absent classes and of images with one class
        counts = sklearn.metrics.confusion_matrix(true, predicted, labels=labels)
        recall = sklearn.metrics.recall_score(true, predicted, **score)
        precision = sklearn.metrics.precision_score(true, predicted, **score)
        jaccard = sklearn.metrics.jaccard_score(true, predicted, labels=labels, average=None, zero_division=0)
    np.testing.assert_array_equal(matrix, counts)
    np.testing.assert_allclose(metrics.recall(matrix), recall, atol=1e-12)
    np.testing.assert_allclose(metrics.precision(matrix), precision, atol=1e-12)
    present = [label in true or label in predicted for label in labels]
    np.testing.assert_allclose(metrics.iou(matrix), np.where(present, jaccard, np.nan), atol=1e-12)
    assert metrics.mean_iou(matrix) == pytest.approx(jaccard[present].mean(), abs=1e-12)


def test_a_worked_example():
    values = metrics.pooled(HAND, ["background", "white", "red"])
    assert values["pa"] == pytest.approx(78 / 100)
    assert values["cpa_background.recall"] == pytest.approx(50 / 60)
    assert values["cpa_background.precision"] == pytest.approx(50 / 55)
    assert values["iou_white"] == pytest.approx(8 / 15)
    assert values["miou"] == pytest.approx((50 / 65 + 8 / 15 + 20 / 42) / 3)


def test_a_class_absent_from_truth_and_prediction_does_not_count():
    matrix = metrics.confusion_matrix(np.array([[0, 0, 2]]), np.array([[0, 2, 2]]), 3)
    assert np.isnan(metrics.iou(matrix)[1])
    assert metrics.mean_iou(matrix) == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_a_class_predicted_where_there_is_none_counts_as_zero():
    matrix = metrics.confusion_matrix(np.zeros((1, 4)), np.array([[0, 0, 0, 1]]), 3)
    assert metrics.mean_iou(matrix) == pytest.approx((3 / 4 + 0) / 2)
    assert np.isnan(metrics.recall(matrix)[1])


@given(st.lists(label_maps(3), min_size=1, max_size=3))
def test_pooling_images_is_adding_matrices(pairs):
    added = sum(metrics.confusion_matrix(truth, prediction, 3) for truth, prediction in pairs)
    truths, predictions = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*pairs, strict=True))
    np.testing.assert_array_equal(added, metrics.confusion_matrix(truths, predictions, 3))


def test_published_cpa_is_recall():
    """With CPA as recall, PA of Li et al.'s Table 1 is the share-weighted CPA in all ten rows."""
    from reproduce.published import published_numbers

    cells = {(n.row, n.metric): float(n.value) for n in published_numbers("li2021") if n.table == "table1"}
    for row in {row for row, _ in cells}:
        weighted = sum(
            share * cells[row, f"cpa_{name}"]
            for name, share in (("background", 0.4366), ("red", 0.4783), ("white", 0.0851))
        )
        assert weighted == pytest.approx(cells[row, "pa"], abs=0.01)


@pytest.mark.parametrize("labels", [np.array([[3]]), np.array([[-1]])])
def test_labels_out_of_range_are_refused(labels):
    with pytest.raises(ValueError, match="between 0 and 2"):
        metrics.confusion_matrix(labels, np.zeros((1, 1), int), 3)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        metrics.confusion_matrix(np.zeros((2, 2)), np.zeros((4,)), 3)
