"""The comparison with rivals: ranks, intervals and rows are what they say."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT


@pytest.fixture
def accuracy(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("accuracy")


def task_of(accuracy, n=40):
    index = pd.MultiIndex.from_product([[f"a{at}" for at in range(n)], [pd.Timestamp("2026-01-01")]])
    index.names = ["account_id", "as_of"]
    X = pd.DataFrame({"logins": np.arange(n, dtype=float), "plan": pd.Categorical(["b", "s"] * (n // 2))}, index=index)
    y = pd.Series(np.arange(n) % 2.0, index=index, name="label")
    return accuracy.Task(X, y, X, y, purge_days=30)


def test_mean_ranks_share_ties_and_leave_out_models_that_did_not_run_everywhere(accuracy):
    found = accuracy.mean_ranks([{"a": 0.1, "b": 0.1, "c": 0.5}, {"a": 0.3, "b": 0.2}])
    assert found == {"b": 1.25, "a": 1.75}


def test_only_a_difference_beyond_its_interval_counts_as_behind(accuracy):
    task, rng = task_of(accuracy, 400), np.random.default_rng(0)
    y = task.y_later.to_numpy()
    noise = rng.random(400) * 0.5
    good, poor = 0.25 + 0.3 * y * (rng.random(400) < 0.8) + 0.1 * rng.random(400), 0.2 + noise
    assert accuracy.Table("t", task, {"cs_ml": poor, "rival": good}).behind()
    assert not accuracy.Table("t", task, {"cs_ml": good, "rival": poor}).behind()
    assert not accuracy.Table("t", task, {"cs_ml": good, "rival": good}).behind()


def test_rows_come_back_from_disk_as_they_were_and_another_value_has_another_fingerprint(accuracy, tmp_path):
    task = task_of(accuracy)
    task.save(tmp_path)
    again = accuracy.Task.load(tmp_path)
    pd.testing.assert_frame_equal(again.X, task.X)
    pd.testing.assert_series_equal(again.y_later, task.y_later)
    assert (again.purge_days, again.timed) == (30, True)
    other = accuracy.Task(task.X.assign(logins=0.0), task.y, task.X, task.y, purge_days=30)
    assert accuracy._fingerprint(again) == accuracy._fingerprint(task) != accuracy._fingerprint(other)


def test_a_model_of_the_list_learns_the_rows_and_keeps_its_probabilities(accuracy, tmp_path):
    task = task_of(accuracy)
    task.save(tmp_path)
    models = importlib.import_module("accuracy_models")
    spent = models.main("logistic", tmp_path, 1.0)
    p = np.load(tmp_path / "logistic.npy")
    assert (spent["rows"], spent["columns"], spent["later"], p.shape) == (40, 2, 40, (40,))
    assert ((p > 0.5) == (task.y == 1)).all()


def test_every_rival_names_a_package_and_those_of_the_package_itself_are_there(accuracy):
    assert {"cs_ml", "logistic", "lightgbm", "histogram"} <= {name for name in accuracy.MODELS if accuracy.there(name)}
    assert not accuracy.absent("crm6") or not (ROOT.parent / "shared" / "data" / "fightchurn_crm6").is_dir()
