"""Objects found and counted: radii, thresholds and scores worked by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.counting import TABLE
from nodes_unet import InputError
from nodes_unet.matching import f1
from reproduce.evaluation.objects import (
    BEST,
    KNEE,
    Lengths,
    cell_radius,
    chosen,
    f1_by_threshold,
    lengths,
    scaled_weights,
    scored,
    summarised,
    truth_instances,
)
from reproduce.recipe import values

SETTINGS = values(TABLE.recipe)
BARE = Lengths(2, 1, 4, {"watershed": False, "hole": 0, "smallest": 0})


class Masks(list):
    """Masks as a split hands them out."""

    def mask(self, number):
        return self[number]


def squares(*corners, side=3, shape=(20, 20), dtype=np.uint16):
    mask = np.zeros(shape, dtype)
    for number, (row, column) in enumerate(corners, 1):
        mask[row : row + side, column : column + side] = number if dtype != np.uint8 else 1
    return mask


def test_the_mean_radius_is_that_of_the_circle_of_the_mean_area():
    masks = [squares((0, 0), (5, 5)), squares(), squares((1, 1), side=6, dtype=np.uint8)]
    assert cell_radius(masks) == pytest.approx(math.sqrt((9 + 9 + 36) / 3 / math.pi))


def test_numbers_that_no_object_has_are_no_small_cells():
    assert cell_radius([squares((0, 0)) * 7]) == pytest.approx(math.sqrt(9 / math.pi))


def test_images_without_any_cell_are_refused():
    with pytest.raises(InputError, match="show no cell"):
        cell_radius([squares(), squares()])


def test_components_of_a_mask_of_classes_are_its_objects():
    mask = squares((0, 0), (10, 10), dtype=np.uint8)
    assert truth_instances(mask).max() == 2
    assert truth_instances(squares((0, 0), (2, 3))).max() == 2, "touching instances stay two"


def test_lengths_and_areas_scale():
    printed, half = lengths(SETTINGS, 12.5), lengths(SETTINGS | {"scale_lengths": True}, 12.5)
    assert (printed.radius, half.radius) == (50, 25)
    assert printed.cleaning == SETTINGS["post_processing"]
    assert half.cleaning == {
        "watershed": True, "hole": 150, "smallest": 50, "smoothing": 15, "apart": 20, "marker": 6, "compactness": 1
    }  # fmt: skip
    assert lengths(SETTINGS | {"scale_lengths": True}, 0.1).cleaning["smoothing"] == 1, "a window has a pixel at least"
    code = TABLE.presets["authors-code"]["weight_map"].value
    assert scaled_weights(SETTINGS["weight_map"], 0.5) == SETTINGS["weight_map"] | {"sigma": 12.5}
    assert scaled_weights(code, 0.5) == code | {"sigma": 12.5, "within": 50, "min_object": 25, "min_hole": 50}


def test_f1_at_each_threshold_by_hand():
    truth = Masks([squares((0, 0), (10, 10)), squares((5, 5))])
    sure, unsure = squares((0, 0)) * 0.9, squares((10, 10), (0, 15)) * 0.3  # the last is nothing true
    probabilities = [np.maximum(sure, np.minimum(unsure, 0.3)).astype(np.float32), squares((5, 5)).astype(np.float32)]
    curve = f1_by_threshold(probabilities, truth, [0.2, 0.5, 0.95], "optimal", BARE)
    assert curve.threshold.tolist() == [0.2, 0.5, 0.95]
    assert curve[["true_positives", "false_positives", "false_negatives"]].to_numpy().tolist() == [
        [3, 1, 0], [2, 0, 1], [1, 0, 2]
    ]  # fmt: skip
    assert curve.f1.tolist() == pytest.approx([6 / 7, 4 / 5, 2 / 4])


def test_the_best_threshold_and_the_knee():
    curve = pd.DataFrame({"threshold": [0.1, 0.2, 0.3, 0.4, 0.5], "f1": [0.8, 0.81, 0.79, 0.75, 0.2]})
    assert chosen(curve, BEST) == 0.2
    # scaled 0.98, 1, 0.97, 0.9, 0, above the diagonal 1, 0.75, 0.5, 0.25, 0: -0.02, 0.25, 0.47, 0.65, 0
    assert chosen(curve, KNEE) == 0.4
    rising = pd.DataFrame({"threshold": [0.5, 0.6, 0.7, 0.75, 0.8], "f1": [0.4, 0.8, 0.84, 0.8, 0.4]})
    # scaled 0, 0.91, 1, 0.91, 0, above the diagonal 1, 0.67, 0.33, 0.17, 0: -1, 0.24, 0.67, 0.74, 0
    assert chosen(rising, KNEE) == 0.75
    assert chosen(curve.assign(f1=[np.nan, 0.1, np.nan, 0.1, 0]), BEST) == 0.2
    with pytest.raises(InputError, match="'luck' is neither"):
        chosen(curve, "luck")


def test_an_image_is_scored_under_every_rule():
    truth, predicted = squares((0, 0), (10, 10)), squares((0, 1), (15, 15), (0, 10))
    line = scored(truth, predicted, 4)
    assert (line["truth"], line["predicted"]) == (2, 3)
    for rule in ("paper", "authors' code", "optimal"):
        assert [line[f"{name}_{kind}.{rule}"] for name, kind in (("true", "positives"), ("false", "positives"))] == [
            1,
            2,
        ]
        assert line[f"false_negatives.{rule}"] == 1
    assert line["iou"] == pytest.approx(6 / (18 + 27 - 6))
    assert line["pq"] == 0 and line["ap50"] == pytest.approx(1 / 4), "6 of 12 pixels are 0.5, which PQ does not match"


def test_each_rule_scores_by_itself():
    # in two groups the paper's rule loses a match, in the third the code's
    truth, predicted = np.zeros((90, 30), np.uint16), np.zeros((90, 30), np.uint16)
    for group, (seek, offer) in enumerate([(truth, predicted), (truth, predicted), (predicted, truth)]):
        seek[40 * group, [10, 18]] = 2 * group + 1, 2 * group + 2
        offer[40 * group, [15, 4]] = 2 * group + 1, 2 * group + 2
    line = scored(truth, predicted, 7)
    assert [line[f"true_positives.{rule}"] for rule in ("paper", "authors' code", "optimal")] == [4, 5, 6]
    measured = summarised(pd.DataFrame([line | {"kind": ""}]))
    assert measured["f1.between_rules"] == pytest.approx(1 - 4 / 6)


def test_an_empty_image_found_empty_is_as_good_as_can_be_and_one_false_object_in_it_as_bad():
    line = scored(squares(), squares(), 4)
    assert line["truth"] == line["predicted"] == line["false_positives.paper"] == 0
    assert line["iou"] == line["pq"] == line["ap50"] == 1
    line = scored(squares(), squares((0, 0)), 4)
    assert line["iou"] == line["pq"] == line["ap50"] == 0


def test_where_nothing_is_found_precision_is_one_by_the_codes_rule_alone():
    nothing = summarised(pd.DataFrame([scored(squares((0, 0)), squares(), 4)]).assign(kind=""))
    assert nothing["precision.authors' code"] == 1 and np.isnan(nothing["precision.paper"])
    assert nothing["recall.authors' code"] == pytest.approx(0.001 / 1.001) and nothing["recall.paper"] == 0


def test_metrics_over_images_by_hand():
    images = [
        (squares((0, 0), (10, 10)), squares((0, 0))),
        (squares(), squares((4, 4))),
        (squares((0, 0)), squares((0, 0), (0, 10), (10, 0))),
    ]
    kinds = ["", "artefact", "artefact"]
    measured = summarised(pd.DataFrame([scored(*image, 4) for image in images]).assign(kind=kinds))
    assert (measured["mae"], measured["medae"], measured["count_bias"]) == (4 / 3, 1, 2 / 3)
    assert measured["wrong_objects"] == (1 + 1 + 2) / 3
    assert measured["false_positives.artefact"] == (1 + 2) / 2 and "false_positives." not in measured
    assert measured["mpe"] == pytest.approx((-1 / 2 + 2 / 1) / 2), "an image without cells has no percentage"
    assert measured["f1.optimal"] == measured["f1.paper"] == pytest.approx(f1((2, 3, 1))) == pytest.approx(4 / 8)
    assert measured["precision.paper"] == pytest.approx(2 / 5)
    assert measured["recall.paper"] == pytest.approx(2 / 3)
    assert measured["recall.authors' code"] == pytest.approx(2.001 / 3.001)
    assert measured["iou.per_image"] == pytest.approx((1 / 2 + 0 + 1 / 3) / 3)
    assert measured["pq.per_image"] == pytest.approx((1 / 1.5 + 0 + 1 / 2) / 3)
    assert measured["ap50.per_image"] == pytest.approx((1 / 2 + 0 + 1 / 3) / 3)
