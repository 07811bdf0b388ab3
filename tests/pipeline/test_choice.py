"""What was decided about usage at training is kept with the model; scoring takes the same columns."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.config import load_config
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.pipeline.choice import first_test
from cs_ml.pipeline.score import score
from cs_ml.timeline import spine_index

CONFIG = "tables: {folder: tables}\nsnapshots: {windows: [30], top_features: 1}\nhealth: {enabled: false}\n"
TRAINED = CONFIG + "labels: {churn: {horizon_days: 30}}\nmodel: {n_origins: 1, learners: [base_rate]}\n"


def config_of(tmp_path, text=TRAINED):
    (tmp_path / "cs_ml.yaml").write_text(text, encoding="utf-8")
    return load_config(tmp_path / "cs_ml.yaml")


def test_scoring_takes_the_features_chosen_at_training(make_tiny, command, tmp_path):
    tiny = make_tiny(accounts=20, leavers=8)
    for row in tiny.usage:
        row |= {"feature": "old & tried" if row["event_at"] < "2026-01" else "new", "event": "click"}
    tiny.write()
    config = config_of(tmp_path)
    answer = command("train")
    assert (answer.code, answer.err) == (0, "")
    bundle = Bundle.load(tmp_path / "out" / "bundle")
    kept = UsageChoice.from_state(bundle.metadata["usage"])
    assert (kept.top_features, kept.logins, kept.business_hours) == (("old & tried",), False, False)
    tiny.usage += [{**row, "feature": "new", "event": "login"} for row in tiny.usage if row["event_at"] < "2025-12"]
    tiny.write()  # now most of the past looks different
    columns = score(config, bundle=bundle).snapshot.X.columns
    assert set(bundle.table("catalog").index) == set(columns)
    single = [name for name in columns if name.startswith("usage_feature_")]
    assert len(single) == 3
    assert all(name.startswith("usage_feature_old_tried_") for name in single)
    assert not columns.str.contains("logins").any()


@pytest.mark.parametrize(("given", "wanted"), [("", "2026-05-01"), ("test_dates: [2026-03-01]", "2026-03-01")])
def test_nothing_of_the_first_tested_date_is_looked_at(tmp_path, given, wanted):
    config = config_of(tmp_path, CONFIG + "model: {n_origins: 2" + (f", {given}" if given else "") + "}\n")
    dates = pd.date_range("2026-01-01", periods=8, freq="MS")
    spine = pd.DataFrame(index=spine_index(["a"] * 8, dates))
    label = pd.DataFrame({"label": [0.0] * 6 + [None] * 2}, index=spine.index)
    assert first_test(config, spine, {"churn": label}, {"churn": 60}) == pd.Timestamp(wanted)
    assert first_test(config_of(tmp_path, CONFIG), spine, {}, {}) == dates[-1]


def test_names_may_be_given(tmp_path):
    config = config_of(tmp_path, CONFIG.replace("top_features: 1", "top_features: [search, 検索]"))
    assert config.snapshots.top_features == ("search", "検索")
