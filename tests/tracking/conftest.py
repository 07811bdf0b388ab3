"""A tracking store made once and copied: MLflow's first migration takes seconds."""

from __future__ import annotations

import shutil

import pytest

from cs_ml.bundle import Bundle
from cs_ml.tracking import Tracker

SCORER = """
import pandas as pd

def score(bundle, X):
    weight = bundle.part("churn")["weight"]
    return pd.DataFrame({"p_churn": X["logins"] * weight, "silent": X["comments"].isna()}, index=X.index)
"""


@pytest.fixture
def tracker(tmp_path, empty_store, monkeypatch):
    folder = tmp_path / "追跡 folder"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    (tmp_path / "stand_in_scorer.py").write_text(SCORER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return Tracker(folder=folder, scorer="stand_in_scorer:score")


@pytest.fixture
def make_bundle(tmp_path):
    def make(weight):
        bundle = Bundle({"churn": {"kind": "Weight", "state": {"weight": weight}}})
        return bundle.save(tmp_path / f"bundle_{weight}")

    return make
