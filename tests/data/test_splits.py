"""Dividing into training and validation: nothing lost, nothing leaked, the same again for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes_unet.data.splits import RULES, all_copies, split_items
from nodes_unet.errors import InputError

steady = settings(max_examples=60)

SLIDES = st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40)
TWO_SLIDES = SLIDES.filter(lambda groups: len(set(groups)) > 1)
COPIES = st.integers(1, 6)
FRACTIONS = st.floats(0.05, 0.6)
SEEDS = st.integers(0, 2**32 - 1)


def pairs(items):
    assert items.dtype == np.int64
    assert items.shape == (len(items), 2)
    return [tuple(item) for item in items.tolist()]


def everything(images, copies):
    return {(image, copy) for image in range(images) for copy in range(copies)}


@steady
@given(groups=SLIDES, copies=COPIES, fraction=FRACTIONS, seed=SEEDS)
def test_after_augmentation_every_copy_stands_on_exactly_one_side(groups, copies, fraction, seed):
    training, validation = map(pairs, split_items(groups, copies, fraction, "after augmentation", seed))
    assert len(training) + len(validation) == len(groups) * copies
    assert set(training) | set(validation) == everything(len(groups), copies)
    assert abs(len(validation) - fraction * len(groups) * copies) <= max(0.5, 1 - fraction * len(groups) * copies)


@steady
@given(groups=TWO_SLIDES, copies=COPIES, fraction=FRACTIONS, seed=SEEDS)
def test_by_group_no_group_stands_on_both_sides(groups, copies, fraction, seed):
    training, validation = map(pairs, split_items(groups, copies, fraction, "group", seed))
    learnt, held_out = ({groups[image] for image, _ in side} for side in (training, validation))
    assert learnt
    assert held_out
    assert learnt.isdisjoint(held_out)
    assert learnt | held_out == set(groups)
    assert abs(len(held_out) - fraction * len(set(groups))) <= 1


@steady
@given(groups=TWO_SLIDES, copies=COPIES, fraction=FRACTIONS, seed=SEEDS)
def test_by_group_training_holds_all_copies_and_validation_the_images_themselves(groups, copies, fraction, seed):
    training, validation = map(pairs, split_items(groups, copies, fraction, "group", seed))
    images = {image for image, _ in training}
    assert sorted(training) == [(image, copy) for image in sorted(images) for copy in range(copies)]
    assert sorted(validation) == [(image, 0) for image in range(len(groups)) if image not in images]


@pytest.mark.parametrize("rule", ["group", "after augmentation"])
def test_a_seed_decides_the_division(rule):
    groups = [f"slide{number // 2}" for number in range(40)]

    def divide(seed):
        return [side.tolist() for side in split_items(groups, 3, 0.25, rule, seed)]

    assert divide(1) == divide(1)
    assert len({str(sorted(divide(seed)[1])) for seed in range(5)}) == 5


def test_by_group_the_order_of_the_images_does_not_choose_the_groups():
    groups = [f"slide{number // 3}" for number in range(30)]
    held_out = {groups[image] for image, _ in split_items(groups, 1, 0.3, "group", 4)[1]}
    turned = groups[::-1]
    assert {turned[image] for image, _ in split_items(turned, 1, 0.3, "group", 4)[1]} == held_out
    assert len(held_out) == 3


def test_the_numbers_of_the_paper():
    training, validation = split_items([f"image{number}" for number in range(80)], 10, 0.2, "after augmentation", 0)
    assert (len(training), len(validation)) == (640, 160)
    shared = set(training[:, 0]) & set(validation[:, 0])
    assert len(shared) > 40, "the rule of the paper puts copies of an image on both sides"
    training, validation = split_items([f"image{number}" for number in range(80)], 10, 0.2, "group", 0)
    assert (len(training), len(validation)) == (640, 16)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_no_side_is_ever_empty(fraction, rule):
    training, validation = split_items(["a", "b", "b"], 2, fraction, rule, 0)
    assert len(training)
    assert len(validation)


@pytest.mark.parametrize("groups", [[], ["a"], ["a", "a", "a"]])
def test_fewer_than_two_groups_cannot_be_divided(groups):
    with pytest.raises(InputError, match=f"{len(set(groups))} group.*at least 2"):
        split_items(groups, 10, 0.2, "group", 0)


def test_a_single_item_cannot_be_divided():
    with pytest.raises(InputError):
        split_items(["a"], 1, 0.2, "after augmentation", 0)


def test_an_unknown_rule_is_named_with_the_known_ones():
    with pytest.raises(InputError, match="'random' is none of group, after augmentation"):
        split_items(["a", "b"], 2, 0.2, "random", 0)


def test_all_copies_stand_image_by_image():
    assert all_copies([4, 1], 3).tolist() == [[4, 0], [4, 1], [4, 2], [1, 0], [1, 1], [1, 2]]
    assert all_copies([], 3).shape == (0, 2)


def test_copies_may_differ_from_image_to_image():
    assert all_copies([2, 0], [1, 5, 2]).tolist() == [[2, 0], [2, 1], [0, 0]]
