"""Matching rules: brute force on small cases, an example by hand in which all three differ, scores by definition."""

import itertools

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from nodes_unet.matching import RULES, Counts, Objects, by_prediction, by_target, counts, f1, objects, optimal

POINTS = st.integers(0, 5).flatmap(lambda n: arrays(np.float64, (n, 2), elements=st.integers(0, 12).map(float)))


def at(centroids, box_centres=None):
    centroids = np.asarray(centroids, float).reshape(-1, 2)
    return Objects(centroids, centroids if box_centres is None else np.asarray(box_centres, float).reshape(-1, 2))


def greedy(seekers, offered, radius):
    """Seeker by seeker, as the words say."""
    taken, pairs = set(), []
    for number, seeker in enumerate(seekers):
        choice = [(np.hypot(*(seeker - place)), at) for at, place in enumerate(offered) if at not in taken]
        if choice and min(choice)[0] < radius:
            pairs.append((number, min(choice)[1]))
            taken.add(min(choice)[1])
    return pairs


@given(POINTS, POINTS, st.floats(0.5, 9))
def test_the_rules_of_paper_and_code_are_their_words(truth, predicted, radius):
    assert list(map(tuple, by_target(at(truth), at(predicted), radius))) == greedy(truth, predicted, radius)
    backwards = [(target, number) for number, target in greedy(predicted, truth, radius)]
    assert list(map(tuple, by_prediction(at(truth), at(predicted), radius))) == backwards


def best(truth, predicted, radius):
    """The most matches and their least total distance, of all assignments."""
    distances, found = cdist(truth, predicted), (0, 0.0)
    short, long = sorted([len(truth), len(predicted)])
    if len(truth) > len(predicted):
        distances = distances.T
    for columns in itertools.permutations(range(long), short):
        near = [distances[line, column] for line, column in enumerate(columns) if distances[line, column] < radius]
        found = max(found, (len(near), -sum(near)))
    return found[0], -found[1]


@given(POINTS, POINTS, st.floats(0.5, 9))
def test_the_optimal_rule_agrees_with_brute_force(truth, predicted, radius):
    pairs = optimal(at(truth), at(predicted), radius)
    distances = cdist(truth, predicted)[tuple(pairs.T)]
    matches, total = best(truth, predicted, radius)
    assert len(pairs) == matches and distances.sum() == pytest.approx(total)
    assert (distances < radius).all()
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)


def test_three_rules_three_answers():
    truth = at([[0, 0], [0, 6], [0, 11]])
    predicted = at([[0, 4], [0, -3], [0, 30]], box_centres=[[0, 10], [0, -3], [0, 30]])
    assert by_target(truth, predicted, 5).tolist() == [[0, 1], [1, 0]]
    assert by_prediction(truth, predicted, 5).tolist() == [[2, 0], [0, 1]]
    early = at([[0, 0], [0, 4]]), at([[0, 2.5], [0, -3]])
    assert by_target(*early, 3.5).tolist() == [[0, 0]]
    assert optimal(*early, 3.5).tolist() == [[0, 1], [1, 0]]


def test_three_rules_three_numbers_of_matches():
    # of three groups far apart, the paper's rule loses a match in two and the code's in the third
    truth = at([[0, place] for place in (0, 4, 100, 104, 202.5, 197)])
    predicted = at([[0, place] for place in (2.5, -3, 102.5, 97, 200, 204)])
    assert {name: len(rule(truth, predicted, 3.5)) for name, rule in RULES.items()} == {
        "paper": 4, "authors' code": 5, "optimal": 6
    }  # fmt: skip


def test_the_radius_itself_is_too_far():
    assert len(by_target(at([[0, 0]]), at([[0, 5]]), 5)) == len(optimal(at([[0, 0]]), at([[0, 5]]), 5)) == 0


def test_objects_have_centroids_and_the_middles_of_their_boxes():
    instances = np.zeros((6, 8), np.uint16)
    instances[1:5, 2] = 7
    instances[4, 2:6] = 7
    found = objects(instances)
    np.testing.assert_allclose(found.centroids, [[(1 + 2 + 3 + 4 * 4) / 7, (2 * 4 + 3 + 4 + 5) / 7]])
    np.testing.assert_allclose(found.box_centres, [[3, 4]])
    assert objects(np.zeros((3, 3), np.uint16)).centroids.shape == (0, 2)


def test_counts_and_scores_by_hand():
    truth, predicted = at([[0, 0], [0, 9], [0, 20]]), at([[0, 1], [0, 40]])
    matched = counts(by_target(truth, predicted, 5), truth, predicted)
    assert matched == Counts(1, 1, 2)
    assert f1(matched) == pytest.approx(2 / 5)
    precision, recall = 1.001 / 2.001, 1.001 / 3.001
    assert f1(matched, 0.001) == pytest.approx(2 * precision * recall / (precision + recall))


def test_an_image_without_objects_has_no_score_but_the_authors_give_it_one():
    assert np.isnan(f1(Counts(0, 0, 0)))
    assert f1(Counts(0, 0, 0), 0.001) == 1


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_f1_is_scikit_learns(hits, false, missed):
    truth, predicted = [1] * hits + [0] * false + [1] * missed, [1] * hits + [1] * false + [0] * missed
    if truth:
        assert f1(Counts(hits, false, missed)) == pytest.approx(sklearn.metrics.f1_score(truth, predicted))
