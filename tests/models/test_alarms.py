import numpy as np
import pandas as pd
import pytest

from cs_ml.models import (
    base_rate_drift,
    column_auc,
    feature_drift,
    leak_alarms,
    psi,
)


def test_a_clean_book_raises_no_alarm(book):
    assert leak_alarms(*book).empty


def test_leaks_are_named(book):
    X, y = book
    rng = np.random.default_rng(0)
    leaky = X.assign(
        score_after=y + 0.3 * rng.normal(size=len(y)),
        cancel_days=np.where((y == 1) & (rng.random(len(y)) < 0.5), 3.0, np.nan),
        reason=pd.Categorical(np.where(y == 1, "price", "none")),
    )
    found = set(leak_alarms(leaky, y)[["alarm", "column"]].itertuples(index=False, name=None))
    assert found == {("alone", "score_after"), ("only_positive", "cancel_days"), ("alone", "reason")}


def test_a_strong_column_is_no_alarm_where_the_model_is_far_better():
    y = np.repeat([0.0, 1.0], 500)
    x = y + 0.5 * np.random.default_rng(0).normal(size=1000)
    X = pd.DataFrame({"x": x})
    assert 0.9 < column_auc(X["x"], y) < 0.95
    assert len(leak_alarms(X, y, model_auc=0.93)) == 1
    assert leak_alarms(X, y, model_auc=0.999).empty


def test_a_level_that_nearly_only_leavers_have_is_named():
    y = np.repeat([1.0, 0.0], [10, 200])
    status = np.where(np.arange(210) < 6, "closing", "active")
    status[[100, 150]] = "closing"  # 60 % of those who leave, 1 % of the others: an AUC of 0.8 alone
    X = pd.DataFrame({"status": pd.Categorical(status), "closed": (status == "closing").astype(float)})
    found = leak_alarms(X, y, model_auc=0.95)
    assert found[["alarm", "column", "value"]].to_numpy().tolist() == [
        ["mostly_positive", "status", 0.75],
        ["mostly_positive", "closed", 0.75],
    ]
    assert "closing in 8 rows, 6 of them positive" in found["message"][0]
    X.loc[110:119, "status"] = "closing"
    assert leak_alarms(X[["status"]], y).empty  # ten times as often is not twenty


def test_a_few_accounts_seen_many_times_are_no_alarm():
    dates = pd.date_range("2026-01-05", periods=6, freq="W-MON")
    index = pd.MultiIndex.from_product([[f"a{n:02}" for n in range(40)], dates], names=["account_id", "as_of"])
    y = np.repeat(np.arange(40) < 10, 6).astype(float)
    for accounts, alarms in ((4, 0), (5, 1)):
        noted = pd.DataFrame({"note_days": np.where(np.arange(240) < 6 * accounts, 3.0, np.nan)}, index=index)
        assert len(leak_alarms(noted, y)) == alarms


def test_a_leak_that_other_columns_help_is_named():
    y = np.repeat([0.0, 1.0], 500)
    x = pd.DataFrame({"x": y + 0.5 * np.random.default_rng(0).normal(size=1000)})
    assert len(leak_alarms(x, y, model_auc=0.97)) == 1


def test_many_levels_alone_are_no_signal():
    y = np.random.default_rng(0).integers(0, 2, 400).astype(float)
    assert column_auc(pd.Series([f"id{i}" for i in range(400)]), y) < 0.6


def test_psi_by_hand():
    assert psi(np.array([49.5, 49.5]), np.array([24.5, 74.5])) == pytest.approx(
        (0.25 - 0.5) * np.log(0.5) + (0.75 - 0.5) * np.log(1.5), abs=1e-9
    )


def test_drift_is_found_in_numbers_categories_and_missingness():
    rng = np.random.default_rng(0)
    old = pd.DataFrame(
        {"a": rng.normal(size=500), "b": rng.normal(size=500), "c": ["x", "y"] * 250, "d": rng.normal(size=500)}
    ).astype({"c": "category"})
    new = old.assign(a=old["a"] + 1, b=old["b"].mask(rng.random(500) < 0.5), c=pd.Categorical(["x"] * 500))
    levels = feature_drift(old, new).set_index("column")["level"].to_dict()
    assert levels == {"a": "strong", "b": "strong", "c": "strong", "d": "stable"}


def test_small_samples_do_not_cry_drift():
    rng = np.random.default_rng(0)
    table = feature_drift(pd.DataFrame({"a": rng.normal(size=40)}), pd.DataFrame({"a": rng.normal(size=40)}))
    assert table["level"].tolist() == ["stable"]


def test_base_rate_drift_needs_accounts_not_rows():
    y = pd.Series(np.repeat([0, 0, 0, 1, 0, 1, 1, 0.0], 50))
    late = np.arange(400) >= 200
    assert base_rate_drift(y, late)["drifted"].item()
    assert not base_rate_drift(y, late, np.repeat(np.arange(8), 50))["drifted"].item()
