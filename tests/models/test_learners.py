import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cs_ml.models.encode import View
from cs_ml.models.learners import BaseRate
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.metrics import roc_auc
from cs_ml.models.tree import TreeLearner

SMALL = {"leaf_rows": 20, "leaf_weight": 1.0, "trees": 30}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, 6))
    y = (rng.random(600) < expit(1.5 * values[:, 0] - values[:, 1])).astype(float)
    return View(values, tuple("abcdef")), y


LEARNERS = [
    BaseRate(),
    LogisticLearner(C=0.1),
    LogisticLearner(C=0.1, columns=2),
    TreeLearner(**SMALL),
    TreeLearner(columns=2, seeds=2, **SMALL),
]


@pytest.mark.parametrize("learner", LEARNERS)
def test_contributions_add_up_to_the_margin(learner, rows):
    view, y = rows
    learner.fit(view, y)
    parts, bias = learner.contributions(view)
    np.testing.assert_allclose(parts.sum(axis=1) + bias, learner.margin(view), atol=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_state_round_trip_is_bit_for_bit(learner, rows):
    view, y = rows
    learner.fit(view, y)
    again = type(learner).from_state(json.loads(json.dumps(learner.to_state())))
    assert again.margin(view).tobytes() == learner.margin(view).tobytes()
    assert again.contributions(view)[0].tobytes() == learner.contributions(view)[0].tobytes()


def test_logistic_agrees_with_scikit_learn(rows):
    view, y = rows
    ours = LogisticLearner(C=0.1).fit(view, y)
    theirs = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000).fit(view.matrix, y)
    np.testing.assert_allclose(ours.margin(view), theirs.decision_function(view.matrix), atol=1e-4)


@pytest.mark.parametrize("learner", [LogisticLearner(columns=2), TreeLearner(columns=2, **SMALL)])
def test_few_columns_are_the_right_ones(learner, rows):
    view, y = rows
    parts, _ = learner.fit(view, y).contributions(view)
    assert np.flatnonzero(np.abs(parts).sum(axis=0)).tolist() == [0, 1]


def test_monotone_tree_never_falls(rows):
    view, y = rows
    learner = TreeLearner(monotone={"a": 1}, **SMALL).fit(view, y)
    grid = np.repeat(view.matrix[:1], 50, axis=0)
    grid[:, 0] = np.linspace(-3, 3, 50)
    assert (np.diff(learner.margin(View(grid, view.sources))) >= -1e-12).all()


@pytest.mark.slow
def test_tree_does_not_depend_on_the_number_of_threads(rows):
    view, y = rows
    one, two = (TreeLearner(n_jobs=n, **SMALL).fit(view, y).margin(view) for n in (1, 2))
    assert one.tobytes() == two.tobytes()


def test_tree_reads_missing_values_and_categories():
    x = np.column_stack([np.tile([np.nan, 1.0, 1.0, 1.0], 100), np.repeat([0.0, 1.0, 2.0, 3.0], 100)])
    y = (np.isnan(x[:, 0]) ^ (x[:, 1] == 2)).astype(float)
    learner = TreeLearner(leaves=8, leaf_rows=10, leaf_weight=0.1, trees=60, l2=1.0)
    view = View(x, ("logins", "plan"))
    assert roc_auc(y, learner.fit(view, y).margin(view)) > 0.99


def test_default_tree_is_cheap_to_explain(rows):
    """TreeSHAP costs leaves times squared depth a tree; LightGBM's default shape has 100 trees of 31 leaves."""
    import lightgbm as lgb

    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 10))
    y = (rng.random(4000) < expit(x[:, 0] * x[:, 1] + x[:, 2])).astype(float)
    view = View(x, tuple("abcdefghij"))
    plain = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, lgb.Dataset(x, y), 100)
    assert shap_cost(TreeLearner().fit(view, y).boosters_[0]) * 4 < shap_cost(plain)


def shap_cost(booster):
    table = booster.trees_to_dataframe()
    leaves = table[table["left_child"].isna()]
    return float((leaves["node_depth"] ** 2).sum())
