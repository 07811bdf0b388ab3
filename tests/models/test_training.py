"""Evidence out of time: folds at once, and bins that know no later date."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from cs_ml.models.folds import Folds, training_folds
from cs_ml.models.further import FurtherLearner, Guarded
from cs_ml.models.learners import BaseRate, TrainingRows
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.target import Target
from cs_ml.models.training import Evidence, choose_calibration, gather
from cs_ml.models.tree import AdditiveLearner, TreeLearner

SMALL = {"leaf_rows": 20, "leaf_weight": 1.0, "grid": ((2,), (5, 15))}


class Lonely(FurtherLearner):
    """Says in which threads its folds were tried."""

    def path(self, *fold):
        self.seen.add(threading.get_ident())
        return np.zeros((len(fold[-1]), 1))


def learners():
    return [BaseRate(), LogisticLearner(grid=((2,), (0.1, 1.0))), AdditiveLearner(**SMALL), TreeLearner(**SMALL)]


@pytest.fixture
def given(book):
    X, y = book
    rows = TrainingRows(X, y.to_numpy(), np.ones(len(X)), np.arange(len(X)) // 12)
    return rows, training_folds(X.index.get_level_values("as_of"), rows.y, rows.clusters, purge_days=60, n_origins=4)


def test_folds_at_once_change_nothing(given):
    rows, folds = given
    assert folds.kind == "time"
    assert len(folds.pairs) == 4
    fresh = TrainingRows(rows.X, rows.y, rows.weights, rows.clusters)
    one, three = gather(learners(), rows, folds), gather(learners(), fresh, folds, n_jobs=3)
    assert one.margins.tobytes() == three.margins.tobytes()
    assert one.settings == three.settings


def test_learners_of_other_packages_have_their_folds_in_turn(given):
    rows, folds = given
    inner = Lonely()
    inner.seen = set()
    gather([Guarded("lonely", inner)], rows, folds, n_jobs=3)
    assert inner.seen == {threading.get_ident()}


def test_features_of_later_dates_change_nothing_of_the_earliest_fold(given):
    rows, folds = given
    train, test = folds.pairs[0]
    later = np.setdiff1d(np.arange(len(rows.y)), [*train, *test])
    changed = rows.X.copy()
    changed.iloc[later, :2] = 1_000 * np.random.default_rng(1).normal(size=(len(later), 2))
    other = TrainingRows(changed, rows.y, rows.weights, rows.clusters)
    before, after = (gather([TreeLearner(**SMALL)], each, folds) for each in (rows, other))
    first = folds.origin == 0
    tried = [TreeLearner(**SMALL).path(each, train, test) for each in (rows, other)]
    assert tried[0].tobytes() == tried[1].tobytes()
    assert len(before.margins[first]) == len(test)
    assert before.settings != after.settings  # later folds did see the change


def test_a_setting_tried_on_the_earliest_fold_is_the_learner_fitted_on_it(given):
    """Its bins are its own, so trees are those of a fit on its rows alone."""
    rows, folds = given
    train, test = folds.pairs[0]
    rows.pasts = tuple(past for past, _ in folds.pairs)
    learner = TreeLearner(**SMALL)
    tried = learner.path(rows, train, test)
    order = np.sort(train)
    for column, setting in zip(tried.T, learner.settings, strict=True):
        alone = learner.with_setting(setting).fit(rows.tree.take(order), rows.y[order], rows.weights[order])
        assert alone.margin(rows.tree.take(test)).tobytes() == column.tobytes()


def test_the_level_is_that_of_the_newest_origins():
    """Four origins long past were one lower in log-odds."""
    n_rows, n_origins, rng = 1_000, 6, np.random.default_rng(0)
    truth = rng.normal(-1.0, 1.0, n_rows * n_origins)
    origin = np.repeat(np.arange(n_origins), n_rows)
    y = (rng.random(len(truth)) < 1 / (1 + np.exp(-truth + (origin < 4)))).astype(float)
    months = pd.date_range("2024-01-01", periods=n_origins, freq="MS")
    accounts = [f"a{at}" for at in range(len(truth))]
    target = Target.read(pd.MultiIndex.from_arrays([accounts, months[origin]], names=["account_id", "as_of"]), y)
    rows = np.argsort(target.rows)
    pairs = tuple((rows[origin < at], rows[origin == at]) for at in range(1, n_origins))
    test, flat = origin > 0, -1.0 + (truth + 1.0) / 1.25
    evidence = Evidence(
        [], Folds("time", pairs), y[test], np.ones(test.sum()), rows[test], np.zeros(test.sum()), flat[test][:, None]
    )
    found, _ = choose_calibration(evidence, np.ones(1), "auto", target)
    newest = evidence.folds.origin >= 3
    told = 1 / (1 + np.exp(-found.apply(flat[test][newest])))
    assert told.mean() == pytest.approx(evidence.y[newest].mean(), abs=0.03)
