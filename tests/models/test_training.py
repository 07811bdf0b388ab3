"""Evidence out of time: folds at once, and bins that know no later date."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from cs_ml.models.folds import training_folds
from cs_ml.models.further import FurtherLearner, Guarded
from cs_ml.models.learners import BaseRate, TrainingRows
from cs_ml.models.logistic import LogisticLearner
from cs_ml.models.training import gather
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
