"""A search for settings on early dates, from the config to the bundle."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.config import Config
from cs_ml.errors import NotEnoughData
from cs_ml.models.tuning import Trial, Tuned
from cs_ml.pipeline.expected import expected_signs
from cs_ml.pipeline.labelers import is_loss
from cs_ml.pipeline.snapshot import take_snapshot
from cs_ml.pipeline.train import new_model
from cs_ml.pipeline.tuning import _early, _rows, last_best, tree_options, tune_target, tuned_options
from cs_ml.timeline import TimeSplit, as_of_dates


def config(sample, out, **model):
    return Config(
        tables={"folder": str(sample)},
        book={"data_end": "2026-10-01"},
        snapshots={"start": "2024-07-01", "end": "2026-10-01", "windows": [30], "top_features": 0},
        labels={"churn": {"horizon_days": 30, "grace_days": 0}, "upsell": {}},
        model={"tune": True, "n_origins": 3, **model},
        tuning={"trials": 4, "trees": 20},
        output={"folder": str(out)},
    )


@pytest.fixture(scope="module")
def book(sample, tmp_path_factory):
    chosen = config(sample, tmp_path_factory.mktemp("out"))
    return chosen, take_snapshot(chosen)


def test_free_trees_are_tried_beside_and_need_not_compete(book, sample, tmp_path):
    chosen, snapshot = book
    *_, (tree,) = _rows(chosen, snapshot, "churn")  # too few events for free trees before the backtest
    *_, (same, free) = _rows(config(sample, tmp_path, learners=["tree", "free_tree"]), snapshot, "churn")
    assert same == tree
    assert (tree["l2"], free["l2"]) == (10.0, 3.0)
    with pytest.raises(NotEnoughData, match="a learner called tree to compete"):
        _rows(config(sample, tmp_path, learners=["logistic"]), snapshot, "churn")


@pytest.mark.slow
def test_a_search_is_remembered_and_the_next_one_begins_with_it(book):
    chosen, snapshot = book
    first = tune_target(chosen, snapshot, "churn")
    place = chosen.output.folder / "tuning" / "churn.json"
    best = last_best(place)
    whole = [trial for trial in first.trials if not trial.pruned]
    assert best[0] == min(whole, key=lambda trial: trial.value).params
    again = tune_target(chosen, snapshot, "churn")
    assert again.trials[1].params == next(params for params in best if params != again.trials[0].params)
    assert again.value <= first.value


def test_only_rows_before_the_backtest_are_searched(book):
    chosen, snapshot = book
    X, y = snapshot.X, snapshot.labels["churn"]
    early, _ = _early(chosen, X, y, 30)
    first = TimeSplit(purge_days=30, n_origins=3).origins(as_of_dates(y[y["label"].notna()]))[0][0]
    assert as_of_dates(early).max() + pd.Timedelta(days=30) <= first
    assert len(early) > 0


def test_too_short_a_history_is_noted_and_training_goes_on(book, sample, tmp_path):
    _, snapshot = book
    notes = []
    assert tuned_options(config(sample, tmp_path, n_origins=20), snapshot, "upsell", notes) is None
    assert notes[0].startswith("upsell was not tuned: ")


def test_options_reach_the_model_and_a_search_without_gain_changes_nothing(book, monkeypatch):
    chosen, snapshot = book
    found = Tuned({"leaves": 5, "trees": 40}, 0.2, 0.3, [Trial({}, 40, 0.2, 3, pruned=False)])
    monkeypatch.setattr("cs_ml.pipeline.tuning.tune_target", lambda *_, **__: found)
    options = tuned_options(chosen, snapshot, "churn", [])
    assert options == tree_options(found)
    assert new_model(chosen, snapshot, "churn", options).tree_options["leaves"] == 5
    monkeypatch.setattr("cs_ml.pipeline.tuning.tune_target", lambda *_, **__: Tuned({}, 0.3, 0.3))
    assert tuned_options(chosen, snapshot, "churn", []) is None


def test_signs_speak_of_the_outcome_and_only_where_the_catalog_does(book, sample, tmp_path):
    chosen, snapshot = book
    assert expected_signs(chosen, snapshot, "churn") is None
    bound = config(sample, tmp_path, monotone=True)
    signs = expected_signs(bound, snapshot, "churn")
    assert signs["contracts_tenure_days"] == -1  # more tenure goes with staying, so with less churn
    assert signs["contracts_renewals_due_90d"] == 1
    assert set(signs.values()) == {-1, 1}
    assert not is_loss(bound, "upsell")
    assert expected_signs(bound, snapshot, "upsell") is None


def test_further_learners_stand_beside_the_others(book, sample, tmp_path):
    _, snapshot = book
    model = new_model(config(sample, tmp_path, further_learners=["catboost"]), snapshot, "churn")
    assert model.learners == ("auto", "catboost")
    listed = config(sample, tmp_path, learners=["logistic"], further_learners=["catboost"])
    assert new_model(listed, snapshot, "churn").learners == ("logistic", "catboost")
