from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from builders import keys

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.models import HazardModel, Periods


def watched(n: int = 1500, until: float = 240, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return accounts with an even risk of their own, watched for a while, and that risk a day."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"worry": rng.normal(size=n)})
    risk = np.exp(-6.2 + 0.7 * X["worry"].to_numpy())
    stay = rng.exponential(1 / risk)
    seen = rng.uniform(30, until, n)
    return X, pd.DataFrame({"duration_days": np.minimum(stay, seen), "event": stay < seen, "watched_days": seen}), risk


@pytest.fixture(scope="module")
def even():
    X, y, risk = watched()
    return HazardModel(learners=("logistic",), refits=4).fit(X, y), X, y, risk


def test_longer_horizons_are_never_less_likely_and_nobody_leaves_at_once(even):
    model, X, _, _ = even
    p = model.probability(X, [0, 1, 30, 45, 90, 400, 1000]).to_numpy()
    assert (np.diff(p, axis=1) > 0).all()
    assert (p[:, 0] == 0).all()


@pytest.mark.parametrize("days", [30, 90, 180, 365])  # 365 days were seen by nobody
def test_probabilities_come_near_the_truth(even, days):
    model, X, _, risk = even
    error = model.probability(X, [days])[days] - (1 - np.exp(-risk * days))
    assert abs(error.mean()) < 0.03
    assert error.abs().mean() < 0.05


def test_on_average_it_agrees_with_kaplan_and_meier(even):
    model, X, y, _ = even
    stayed, greenwood = 1.0, 0.0
    for day in np.sort(y.loc[y["event"] & (y["duration_days"] < 180), "duration_days"]):
        n = (y["duration_days"] >= day).sum()
        stayed, greenwood = stayed * (1 - 1 / n), greenwood + 1 / (n * (n - 1))
    error = model.survival(X, [180])[180].mean() - stayed
    assert abs(error) < 2.5 * stayed * np.sqrt(greenwood)


def test_within_a_period_the_risk_is_even(even):
    model, X, _, _ = even
    s = model.survival(X, [30, 45, 60])
    np.testing.assert_allclose(s[45] ** 2, s[30] * s[60], rtol=1e-12)


def test_the_expected_stay_is_the_area_under_the_curve(even):
    model, X, _, _ = even
    curve = model.survival(X, [0, 30, 60, 90]).to_numpy()
    area = (curve[:, :-1] + curve[:, 1:]).sum(axis=1) * 15
    found = model.expected_stay(X, within_days=90)
    np.testing.assert_allclose(found["value"], area, rtol=1e-12)
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()


def test_value_is_what_is_paid_while_it_stays(even):
    model, X, _, _ = even
    mrr = pd.Series(100.0, index=X.index)
    plain = model.lifetime_value(X, mrr, within_days=365)["value"]
    np.testing.assert_allclose(plain, model.expected_stay(X, within_days=365)["value"] / (365.25 / 12) * 100)
    kept = model.lifetime_value(X, mrr, within_days=365, gross_margin=0.5, discount_rate=0.2)["value"]
    assert (kept < plain / 2).all()


def test_whoever_leaves_at_renewals_only_is_expected_to():
    rng = np.random.default_rng(1)
    left = rng.integers(0, 360, 800)
    X = pd.DataFrame({"contracts_term_days_to_end": left.astype(float), "contracts_term_months": 12.0})
    gone = rng.random(800) < 0.5
    event = gone & (left < 300)
    y = pd.DataFrame({"duration_days": np.where(event, left, 300.0), "event": event, "watched_days": 300.0})
    hazard = HazardModel(learners=("tree",)).fit(X, y).hazard(X.assign(contracts_term_days_to_end=100.0), 8)[0]
    assert hazard.argmax() == 3
    assert hazard[3] > 0.35
    assert np.delete(hazard, 3).max() < 0.1


def test_snapshots_are_followed_until_they_leave_or_are_last_seen():
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=keys(("a", "2026-01-01"), ("b", "2026-01-01"), ("c", "2026-01-01")))
    days = {"duration_days": [35.0, 70.0, np.nan], "watched_days": [70.0, 70.0, 70.0]}
    y = pd.DataFrame({**days, "event": [True, False, False]}, index=X.index)
    rows, label = Periods(n=3).follow(X, y, max_rows=100)
    found = [(account, str(date.date())) for account, date, _ in rows.index]
    assert found == [("a", "2026-01-01"), ("b", "2026-01-01"), ("a", "2026-01-31"), ("b", "2026-01-31")]
    assert label["label"].tolist() == [0.0, 0.0, 1.0, 0.0]


def test_leavers_count_only_where_stayers_would_have():
    X = pd.DataFrame({"x": [1.0]})
    gone = {"duration_days": [35.0], "event": [True]}
    _, half = Periods(n=3).follow(X, pd.DataFrame({**gone, "watched_days": [50.0]}), max_rows=9)
    _, whole = Periods(n=3).follow(X, pd.DataFrame({**gone, "watched_days": [60.0]}), max_rows=9)
    assert (half["label"].tolist(), whole["label"].tolist()) == ([0.0], [0.0, 1.0])


def test_thinning_keeps_every_period():
    index = keys(*[("a", str(day.date())) for day in pd.date_range("2025-01-01", periods=12, freq="MS")])
    y = pd.DataFrame({"duration_days": 200.0, "event": False, "watched_days": 200.0}, index=index)
    rows, _ = Periods(n=6).follow(pd.DataFrame({"x": 1.0}, index=index), y, max_rows=24)
    assert len(rows) == 24
    assert rows["hazard_period"].nunique() == 6


def test_thinning_keeps_every_month_of_every_account():
    days = pd.date_range("2025-01-01", periods=12, freq="30D")
    index = keys(*[(account, str(day.date())) for account in "abc" for day in days])
    y = pd.DataFrame({"duration_days": 400.0, "event": False, "watched_days": 400.0}, index=index)
    for max_rows in (220, 150, 110, 75):  # every second to sixth row
        rows, _ = Periods().follow(pd.DataFrame({"x": 1.0}, index=index), y, max_rows=max_rows)
        dates = rows.index.get_level_values("as_of")
        assert rows[dates == days[11]].index.get_level_values("account_id").nunique() == 3  # all dates lead up to it
        assert len(rows.index.droplevel("period").unique()) > 0.7 * 3 * 23


def test_days_to_the_next_renewal_count_down_and_start_again():
    X = pd.DataFrame({"contracts_term_days_to_end": [40.0, np.nan], "contracts_term_months": [12.0, np.nan]})
    left = [Periods().of(X, period)["hazard_days_to_renewal"].iloc[0] for period in (0, 1, 2)]
    assert left == [40.0, 10.0, 345.25]
    assert Periods().of(X, 0)["hazard_renewals_due"].isna().tolist() == [False, True]


def test_it_travels_as_plain_values(even):
    model, X, _, _ = even
    again = HazardModel.from_state(json.loads(json.dumps(model.to_state())))
    pd.testing.assert_frame_equal(again.expected_stay(X), model.expected_stay(X), check_exact=True)


def test_what_cannot_be_learned_is_said():
    X = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(FrameError, match="event"):
        HazardModel().fit(X, pd.DataFrame({"duration_days": [1.0, 2.0]}))
    with pytest.raises(NotEnoughData):
        HazardModel().fit(X, pd.DataFrame({"duration_days": 60.0, "event": False, "watched_days": 60.0}, index=X.index))


def test_the_order_of_rows_changes_not_a_bit():
    rng = np.random.default_rng(4)
    index = keys(*[(f"a{n:02d}", f"2026-0{month}-01") for n in range(60) for month in range(1, 5)])
    X = pd.DataFrame(rng.normal(size=(240, 6)), index=index, columns=list("abcdef"))
    stay = rng.exponential(300 * np.exp(-X["c"].to_numpy()))
    y = pd.DataFrame({"duration_days": np.minimum(stay, 200), "event": stay < 200, "watched_days": 200.0}, index=index)
    turned = rng.permutation(240)
    states = [HazardModel(refits=2).fit(X.iloc[o], y.iloc[o]).to_state() for o in (np.arange(240), turned)]
    assert states[0] == states[1]
