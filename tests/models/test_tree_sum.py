"""Who explains the trees of a blend: tables where they can, LightGBM where they cannot, and both say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cs_ml.models import tree_sum as module
from cs_ml.models.average import Average
from cs_ml.models.encode import View
from cs_ml.models.learners import BaseRate
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.tree import AdditiveLearner, TreeLearner
from cs_ml.models.tree_sum import TreeSum, tree_sum

SMALL = {"leaf_rows": 20, "leaf_weight": 1.0, "trees": 20}
RNG = np.random.default_rng(0)
VIEW = View(np.where(RNG.random((300, 3)) < 0.1, np.nan, RNG.normal(size=(300, 3))), ("a", "b", "c"))
Y = (RNG.random(300) < 1 / (1 + np.exp(-np.nan_to_num(VIEW.matrix[:, 0])))).astype(float)
WEIGHTS = np.array([0.25, 0.5, 0.125])


def blend():
    linear = Average([LogisticLearner()])
    additive = Average([AdditiveLearner(leaves=2, columns=n, **SMALL) for n in (1, None)])
    tree = Average([TreeLearner(columns=n, seeds=2, **SMALL) for n in (2, None)])
    return [linear.fit(View(np.nan_to_num(VIEW.matrix), VIEW.sources), Y), additive.fit(VIEW, Y), tree.fit(VIEW, Y)]


def test_tables_hold_the_trees_with_their_weights_and_no_other_learner():
    learners = blend()
    found = tree_sum(learners, WEIGHTS, VIEW.sources)
    assert found.held == {1, 2}
    told = [learner.contributions(VIEW) for learner in learners[1:]]
    expected = 0.5 * told[0][0] + 0.125 * told[1][0]
    np.testing.assert_allclose(found.tables.contributions(VIEW.matrix), expected, rtol=0, atol=1e-12)
    assert found.tables.bias == pytest.approx(0.5 * told[0][1] + 0.125 * told[1][1])


def test_a_blend_without_trees_needs_no_tables():
    found = tree_sum([BaseRate()], np.ones(1), VIEW.sources)
    assert found.held == frozenset()
    assert not found.tables.contributions(VIEW.matrix).any()


def test_what_tables_cannot_hold_is_left_to_lightgbm_with_a_reason(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10)
    found = tree_sum(blend(), WEIGHTS, VIEW.sources)
    assert (found.tables, found.held) == (None, frozenset())
    assert "its trees are deep" in found.reason


def test_tables_that_differ_from_lightgbm_are_not_used(monkeypatch):
    contributions = module.PatternTables.contributions
    monkeypatch.setattr(module.PatternTables, "contributions", lambda self, rows: contributions(self, rows) + 1e-8)
    with pytest.warns(UserWarning, match="differ by 1e-08"):
        found = tree_sum(blend(), WEIGHTS, VIEW.sources)
    assert found.tables is None


def test_a_classifier_says_the_same_with_tables_and_without(fitted, book):
    X = book[0].head(200)
    parts, bias = fitted.contributions(X)
    assert fitted.ensemble_.trees.held
    without = replace(fitted.ensemble_)
    without.__dict__["trees"] = TreeSum(None)
    expected, start = without.contributions(X)
    np.testing.assert_allclose(parts, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(bias, start, rtol=0, atol=1e-12)


def test_contributions_of_a_row_do_not_depend_on_the_others(fitted, book):
    X = book[0]
    whole = fitted.contributions(X)[0]
    assert fitted.contributions(X.iloc[5:9])[0].to_numpy().tobytes() == whole.iloc[5:9].to_numpy().tobytes()
