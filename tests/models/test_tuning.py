"""Folds that share bins, and the search over them."""

from __future__ import annotations

import sys

import lightgbm as lgb
import numpy as np
import pytest
from scipy.special import expit

from cs_ml.errors import InputError, MissingExtra
from cs_ml.models.bins import FIXED, edge_rows
from cs_ml.models.encode import View
from cs_ml.models.fold_trees import FoldTrees
from cs_ml.models.tree import TreeLearner
from cs_ml.models.tuning import SPACE, Budget, _best, _lost, tune_trees

FOLDS = [(np.arange(n), np.arange(n, n + 150)) for n in (300, 450, 600)]
PARAMS = {"num_leaves": 4, "min_data_in_leaf": 20, "learning_rate": 0.1, "seed": 0}
START = TreeLearner(leaf_rows=40).options


@pytest.fixture(scope="module")
def book():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(750, 5))
    y = (rng.random(750) < expit(1.5 * values[:, 0] - values[:, 1] * values[:, 2])).astype(float)
    return View(values, tuple("abcde")), y


def folds(book, n_jobs=1):
    return FoldTrees(*book, None, FOLDS, n_jobs)


def test_bins_of_one_fold_are_those_of_a_dataset_of_its_own(book):
    """The first fold's edges are its own, so the trees are LightGBM's own to the last bit."""
    view, y = book
    alone = lgb.train({**FIXED, **PARAMS}, lgb.Dataset(view.matrix[:300], y[:300], params=FIXED), 20)
    expected = alone.predict(view.matrix[300:450], raw_score=True)
    assert folds(book).margins(PARAMS, 20)[0].tobytes() == expected.tobytes()


def test_rows_after_the_first_origin_change_nothing_of_what_it_learned(book):
    view, y = book
    changed = view.matrix.copy()
    changed[450:] *= 1_000
    later = FoldTrees(View(changed, view.sources), np.r_[y[:450], 1 - y[450:]], None, FOLDS)
    assert later.margins(PARAMS, 20)[0].tobytes() == folds(book).margins(PARAMS, 20)[0].tobytes()


def test_nothing_depends_on_how_many_folds_run_at_once(book):
    one, two = folds(book), folds(book, 2)
    for a, b in zip(one.margins(PARAMS, 20), two.margins(PARAMS, 20), strict=True):
        assert a.tobytes() == b.tobytes()
    found = [tune_trees(rows, START, Budget(trials=8, trees=40), seed=1) for rows in (one, two)]
    assert found[0] == found[1]


def test_bins_are_made_by_many_threads_and_shared_by_one(book):
    """LightGBM ends the process where two folds begin with different numbers of threads."""
    rows = folds(book, 2)
    assert rows.binned.subset(np.arange(50)).construct().params["num_threads"] == 1


def test_trees_that_read_rows_are_those_that_read_columns(monkeypatch):
    rng = np.random.default_rng(4)
    sparse = np.where(rng.random((750, 9)) < np.linspace(0, 0.98, 9), 0.0, rng.normal(size=(750, 9)))
    sparse[rng.random(sparse.shape) < 0.1] = np.nan
    y = (rng.random(750) < expit(np.nan_to_num(sparse[:, 0]))).astype(float)
    by_row = FoldTrees(View(sparse, tuple("abcdefghi")), y, None, FOLDS, 2)
    assert "[force_row_wise: 1]" in by_row.boost(0, PARAMS, 1).model_to_string()
    found = by_row.margins(PARAMS, 20)
    monkeypatch.setattr("cs_ml.models.fold_trees._named", lambda params: {**FIXED, **params})
    assert [part.tobytes() for part in found] == [part.tobytes() for part in by_row.margins(PARAMS, 20)]


def test_a_curve_is_the_loss_after_each_tree_of_the_newest_fold_first(book):
    rows, (_, y) = folds(book), book
    curve = next(rows.curves(PARAMS, 12, "binary_logloss", patience=99))
    margin, labels = rows.margins(PARAMS, 12)[2], y[600:]
    assert len(curve) == 12
    assert curve[-1] == pytest.approx(np.logaddexp(0, np.where(labels == 1, -margin, margin)).mean())


def test_a_fold_stops_growing_when_it_no_longer_gains(book):
    curve = next(folds(book).curves({**PARAMS, "learning_rate": 0.9}, 200, "binary_logloss", patience=5))
    assert len(curve) == curve.argmin() + 1 + 5 < 200


def test_the_best_number_of_trees_is_best_on_average():
    curves = [np.array([3.0, 1.0, 2.0]), np.array([3.0, 2.0])]
    assert _best(curves, Budget()) == (2, 1.5)
    assert _best(curves, Budget(metric="average_precision")) == (1, 3.0)


def test_a_trial_is_lost_outside_the_best_quarter():
    others = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert [_lost(value, others, Budget()) for value in (0.2, 0.21)] == [False, True]
    assert [_lost(value, others, Budget(metric="average_precision")) for value in (0.4, 0.39)] == [False, True]
    assert not _lost(9.0, [0.1], Budget())


def test_a_search_begins_with_what_there_was_and_never_ends_worse(book):
    found = tune_trees(folds(book), START, Budget(trials=10, trees=60), seed=0)
    assert found.trials[0].params == {
        name: 1.0 if kind == "times" else START[name] for name, (_, _, kind) in SPACE.items()
    }
    assert found.value <= found.first == found.trials[0].value
    assert found.value == min(trial.value for trial in found.trials if not trial.pruned)
    assert any(trial.pruned and trial.folds < 3 for trial in found.trials)
    assert len(found.trials) == 10


def test_what_another_learner_reaches_without_a_search_is_no_gain(book):
    strict = {**START, "leaf_rows": 150, "leaf_weight": 20.0}
    found = tune_trees(folds(book), strict, Budget(trials=2, trees=60), beside=[START])
    tried = found.trials[1]
    assert (tried.params["leaf_rows"], tried.params["leaf_weight"], tried.folds) == (40 / 150, 0.25, 3)
    assert tried.value < found.trials[0].value
    assert found.first == found.value == tried.value
    assert not found.gains


def test_a_warm_start_tries_what_was_best_before_and_loses_nothing(book):
    cold = tune_trees(folds(book), START, Budget(trials=12, trees=60), seed=0)
    best = min((trial for trial in cold.trials if not trial.pruned), key=lambda trial: trial.value)
    warm = tune_trees(folds(book), START, Budget(trials=2, trees=60), seed=5, before=[best.params])
    assert warm.trials[1].params == best.params
    assert warm.value == cold.value


def test_the_budget_of_time_ends_the_search(book):
    assert len(tune_trees(folds(book), START, Budget(trials=50, seconds=0.0, trees=5)).trials) == 1


def test_without_optuna_it_says_what_to_install(book, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"cs_ml\[tune\]"):
        tune_trees(folds(book), START, Budget())


def test_an_unknown_metric_is_refused(book):
    with pytest.raises(InputError, match="one of log_loss, average_precision"):
        tune_trees(folds(book), START, Budget(metric="accuracy"))


def test_edges_of_many_rows_come_from_rows_spread_over_all_of_them(monkeypatch):
    monkeypatch.setattr("cs_ml.models.bins.EDGE_ROWS", 3)
    matrix = np.arange(21.0)[:, None]
    assert edge_rows(matrix, [np.arange(10, 21)])[:, 0].tolist() == [10, 15, 20]
    assert edge_rows(matrix, [np.arange(2)])[:, 0].tolist() == [0, 1]


def test_a_column_that_begins_later_has_the_edges_of_the_first_past_that_knows_it():
    late = np.r_[np.full(4, np.nan), 1.0, 2.0, 3.0, 4.0]
    matrix = np.column_stack([np.arange(8.0), late, np.zeros(8)])
    found = edge_rows(matrix, [np.arange(2), np.arange(4), np.arange(6), np.arange(8)])
    np.testing.assert_array_equal(found, [[0.0, np.nan, 0.0], [1.0, 2.0, 0.0]])
