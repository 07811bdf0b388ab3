"""Constraints that bind only where they do not lose, and options that tuning gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import InputError
from cs_ml.models import PropensityClassifier
from cs_ml.models.hedge import Hedged, adapted
from cs_ml.models.tree import TreeLearner

from .conftest import make_book

LOGINS = "usage_logins_count_30d"


def learned(sign):
    X, y = make_book(n_accounts=150, seed=2)
    model = PropensityClassifier(("tree",), n_origins=3, monotone={LOGINS: sign}, monotone_rule="no_loss")
    return model.fit(X, y), X


def rises(model, X):
    """Largest rise of the margin of any of fifty rows on the way from few logins to many."""
    rows = X.iloc[:50]
    grid = [model.margin(rows.assign(**{LOGINS: np.full(50, at)})) for at in np.linspace(-3, 3, 25)]
    return float(np.diff(grid, axis=0).max())


def test_the_true_direction_binds_and_the_wrong_one_does_not():
    right, X = learned(-1)
    assert all(setting["monotone"] for setting in right.report_["settings"]["tree"]["averaged"])
    assert rises(right, X) <= 1e-12
    wrong, X = learned(1)
    assert not any(setting["monotone"] for setting in wrong.report_["settings"]["tree"]["averaged"])
    assert rises(wrong, X) > 0.0  # trees that follow the data find a bump somewhere


def test_bound_wins_a_tie_and_loses_by_a_hair():
    hedged = Hedged(*(TreeLearner(grid=((), (10, 20)), monotone=signs) for signs in ({"a": 1}, {})))
    assert hedged.choose(np.array([[0.3, 0.2, 0.4, 0.2]]), np.array([0])).tolist() == [1]
    assert hedged.choose(np.array([[0.3, 0.2, 0.199, 0.3]]), np.array([0])).tolist() == [2]
    assert [hedged.with_setting(one).options["monotone"] for one in hedged.settings] == [{"a": 1}] * 2 + [{}] * 2


def test_a_hedged_model_comes_back_from_its_state():
    model, X = learned(-1)
    again = PropensityClassifier.from_state(model.to_state())
    pd.testing.assert_series_equal(pd.Series(again.margin(X)), pd.Series(model.margin(X)), check_exact=True)


def test_options_reach_the_tree_and_no_other_learner(book):
    options = {"leaves": 3, "l2": 50.0, "grid": [[], [7]]}
    model = PropensityClassifier(("logistic", "tree"), n_origins=3, tree_options=options).fit(*book)
    assert model.report_["settings"]["tree"]["tried"] == [{"columns": None, "trees": 7}]
    members = model.ensemble_.learners[-1].members
    assert [(one.options["leaves"], one.options["l2"]) for one in members] == [(3, 50.0)]
    assert (PropensityClassifier.from_state(model.to_state()).margin(book[0]) == model.margin(book[0])).all()


def test_unknown_rules_and_options_are_refused():
    with pytest.raises(InputError, match="one of always, no_loss"):
        adapted([], rule="sometimes", options=None)
    with pytest.raises(InputError, match=r"tree_options: expected some of leaves, .* found depth"):
        adapted([TreeLearner()], rule="always", options={"depth": 3})
