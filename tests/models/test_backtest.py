import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit

from cs_ml.errors import InputError, NotEnoughData
from cs_ml.models import OneRule, PlainLogistic, PropensityClassifier, backtest, default_baselines, report_card
from cs_ml.models.capacity import Effort
from cs_ml.models.metrics import roc_auc
from cs_ml.models.report_card import detectable_auc
from cs_ml.timeline.split import TimeSplit

from .conftest import make_book

SPLIT = TimeSplit(purge_days=90, n_origins=3, min_train_dates=2)
FAST = {"n_boot": 100}


@pytest.fixture(scope="module")
def result():
    X, y = make_book(n_accounts=100)
    state = pd.Series("0", index=y.index).mask(y == 1, "1")
    state.iloc[-1] = "immature"
    labels = pd.DataFrame({"label": y.where(state != "immature"), "state": state})
    mrr = pd.Series(100.0, index=X.index)
    tenure = pd.Series(np.where(X["plan"] == "pro", 800.0, 30.0), index=X.index)
    context = {"mrr": mrr, "segments": "plan", "tenure": tenure, "effort": Effort(50.0, 0.5)}
    return backtest(PropensityClassifier(n_origins=3), X, labels, split=SPLIT, **context, **FAST)


def test_predictions_are_of_tested_dates_and_repeat_by_hand(result):
    X, y = make_book(n_accounts=100)
    train, test = next(iter(SPLIT.split(y)))
    model = PropensityClassifier(n_origins=3).fit(X.iloc[train], y.iloc[train])
    first = result.predictions[result.predictions["origin"] == 0]
    assert set(first.index) == set(X.index[test])
    np.testing.assert_array_equal(first["model"], model.predict_proba(X.loc[first.index])[:, 1])


def test_tables_hold_model_and_baselines(result):
    assert result.metrics["model"].unique().tolist() == ["model", "base_rate", "activity", "plain_logistic"]
    table = result.metrics.set_index(["model", "metric"])
    pooled = roc_auc(result.predictions["label"].to_numpy(), result.predictions["model"].to_numpy())
    assert table.loc[("model", "roc_auc"), "value"] == pytest.approx(pooled)
    assert "mrr_captured_at_20" in result.metrics["metric"].unique()
    assert len(result.by_date["as_of"].unique()) == 3
    assert result.by_segment["segment"].unique().tolist() == ["basic", "pro"]
    assert result.by_tenure["tenure"].unique().tolist() == ["tenure from 2 years", "tenure under 90 days"]
    profit = result.metrics[result.metrics["metric"] == "expected_profit_at_20"]
    assert profit["model"].tolist() == ["model", "base_rate", "activity", "plain_logistic"]
    assert (profit["low"] < profit["high"]).all()


def test_calibration_is_checked_by_segment_and_by_tenure(result):
    table = result.calibration.set_index(["by", "group"])
    part = result.predictions[result.predictions["segment"] == "pro"]
    gap = part["model"].mean() - part["label"].mean()
    assert table.loc[("segment", "pro"), "gap"] == pytest.approx(gap)
    assert table.loc[("tenure", "tenure from 2 years"), "gap"] == pytest.approx(gap)
    assert not table["off"].any()


def test_left_out_rows_are_counted_by_state(result):
    assert result.left_out == {"immature": 1}


def test_purge_cannot_be_skipped(book):
    X, y = book
    with pytest.raises(InputError, match="TimeSplit"):
        backtest(PropensityClassifier(), X, y, split=TimeSeriesSplit(3))
    with pytest.raises(InputError, match=r"at least 90.*\n?.*found 30"):
        backtest(PropensityClassifier(), X, y, split=TimeSplit(purge_days=30))


def test_purge_must_reach_the_furthest_event(book):
    X, y = book
    effective = pd.Series(X.index.get_level_values("as_of") + pd.Timedelta(days=120), index=X.index).where(y == 1)
    labels = pd.DataFrame({"label": y, "effective_at": effective})
    with pytest.raises(InputError, match="at least 121"):
        backtest(PropensityClassifier(), X, labels, split=SPLIT)


def test_too_short_a_history_says_so(book):
    X, y = book
    with pytest.raises(NotEnoughData, match="900 days apart"):
        backtest(PropensityClassifier(purge_days=900), X, y, split=TimeSplit(purge_days=900))


def test_report_card_finds_the_signal_and_its_absence(result):
    assert report_card(result).verdict == "usable signal"
    X, y = make_book(n_accounts=100, strength=0.0)
    noise = backtest(PropensityClassifier(n_origins=3), X, y, split=SPLIT, **FAST)
    card = report_card(noise)
    assert card.verdict == "no usable signal"
    assert card.notes[0].startswith("no usable signal")


def test_report_card_names_segments_without_signal():
    X, y = make_book(n_accounts=200)
    rng = np.random.default_rng(0)
    pro = (X["plan"] == "pro").to_numpy()
    y = y.mask(pro, (rng.random(len(y)) < 0.2).astype(float))
    found = report_card(backtest(PropensityClassifier(n_origins=3), X, y, split=SPLIT, segments="plan", **FAST))
    assert found.segments.set_index("segment")["verdict"].to_dict() == {
        "basic": "usable signal",
        "pro": "no usable signal",
    }
    assert any("no usable signal within pro" in note for note in found.notes)


def test_detectable_auc_shrinks_with_events():
    areas = [detectable_auc(n, 1000) for n in (10, 40, 160)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] - 0.5 == pytest.approx(4 * (areas[2] - 0.5), rel=0.1)  # error goes with the root of events


def test_one_rule_ranks_as_its_column_and_learns_direction(book):
    X, y = book
    rule = OneRule("usage_logins_count_30d").fit(X, y)
    assert rule.direction_ == -1
    ours = roc_auc(y.to_numpy(), rule.predict_proba(X)[:, 1])
    assert ours == pytest.approx(roc_auc(y.to_numpy(), -X["usage_logins_count_30d"].to_numpy()))


def test_plain_logistic_leaves_text_out_and_takes_new_levels(book):
    X, y = book
    model = PlainLogistic().fit(X.assign(note=pd.Series("x", index=X.index, dtype=object)), y)
    assert model.columns_ == ["usage_logins_count_30d", "contracts_seats_current", "plan"]
    assert np.isfinite(model.predict_proba(X.assign(plan=pd.Categorical(["new"] * len(X))))).all()


def test_default_baselines_take_what_is_there():
    found = default_baselines(["contracts_term_days_to_end", "usage_events_recency", "usage_events_count_30d"])
    assert {name: getattr(rule, "column", None) for name, rule in found.items()} == {
        "base_rate": None,
        "recency": "usage_events_recency",
        "activity": "usage_events_count_30d",
        "days_to_renewal": "contracts_term_days_to_end",
        "plain_logistic": None,
    }
