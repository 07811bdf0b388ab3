from __future__ import annotations

import json

import numpy as np
import pytest

from cs_ml.models.average import Average, chosen_settings
from cs_ml.models.encode import View
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.tree import TreeLearner

RNG = np.random.default_rng(0)
VIEW = View(RNG.normal(size=(300, 3)), ("a", "b", "c"))
Y = (RNG.random(300) < 1 / (1 + np.exp(-VIEW.matrix[:, 0]))).astype(float)


@pytest.fixture(params=[LogisticLearner, TreeLearner])
def average(request):
    return Average([request.param(columns=columns) for columns in (1, 2, None)]).fit(VIEW, Y)


def test_it_is_the_mean_of_its_members(average):
    mean = np.mean([member.margin(VIEW) for member in average.members], axis=0)
    np.testing.assert_allclose(average.margin(VIEW), mean, rtol=1e-12)


def test_contributions_add_up(average):
    parts, bias = average.contributions(VIEW)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, average.margin(VIEW), atol=1e-9)


def test_it_travels_as_plain_values(average):
    state = json.loads(json.dumps(average.to_state()))
    again = Average.from_state(state, type(average.members[0]).from_state)
    assert (again.margin(VIEW) == average.margin(VIEW)).all()


def test_members_that_look_at_all_columns_once_are_those_fitted_alone():
    """Trees shared by the members, cut off at their own number, are the trees that each would have grown."""
    sizes = [(1, 20), (2, 5), (None, 10)]
    made = [TreeLearner(columns=columns, trees=trees, seeds=2, leaf_rows=20) for columns, trees in sizes]
    alone = [TreeLearner(columns=columns, trees=trees, seeds=2, leaf_rows=20) for columns, trees in sizes]
    for member, other in zip(Average(made).fit(VIEW, Y).members, alone, strict=True):
        assert member.margin(VIEW).tobytes() == other.fit(VIEW, Y).margin(VIEW).tobytes()
        assert member.contributions(VIEW)[0].tobytes() == other.contributions(VIEW)[0].tobytes()
        assert member.kept_.tolist() == other.kept_.tolist()


def test_of_each_number_of_columns_the_best_strength_is_kept():
    learner, lost = TreeLearner(grid=((4, 12), (10, 20))), np.array([[0.3, 0.2, 0.1, 0.4, 0.5, 0.5]])
    assert chosen_settings(learner, lost, np.array([0])).tolist() == [1, 2, 4]


def test_wide_bounds_are_taken_where_they_lose_less_by_two_errors_of_accounts():
    learner, gain = LogisticLearner(grid=((), (0.1, 1.0)), views=("linear", "wide")), np.array([0.0, 0.4] * 50)
    clipped = np.column_stack([np.full(100, 0.6), np.full(100, 0.5)])
    lost = np.column_stack([clipped, clipped - gain[:, None]])
    accounts, one = np.arange(100), np.arange(100) % 2
    assert [learner.settings[at]["reads"] for at in chosen_settings(learner, lost, accounts)] == ["wide"]
    assert chosen_settings(learner, lost, accounts).tolist() == [3]
    assert chosen_settings(learner, lost, one).tolist() == [1]  # two accounts, however many rows, prove nothing
    assert chosen_settings(learner, np.hstack([clipped, clipped]), accounts).tolist() == [1]
