"""What a book may still pay: every horizon agrees, money keeps its unit, and a row depends on itself alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from builders import keys

from cs_ml.models import HazardModel
from cs_ml.models.curve import HORIZONS
from cs_ml.pipeline.survival import CURVE_DAYS, Survival

LEAVE = [f"p_leave_{day}" for day in HORIZONS]


@pytest.fixture(scope="module")
def book():
    """Return accounts of which the worried leave earlier, and what was learned from them."""
    rng = np.random.default_rng(0)
    index = keys(*[(f"a{n:03d}", "2026-01-01") for n in range(400)])
    X = pd.DataFrame({"worry": rng.normal(size=400)}, index=index)
    stay = rng.exponential(600 * np.exp(-0.8 * X["worry"].to_numpy()))
    y = pd.DataFrame({"duration_days": np.minimum(stay, 500), "event": stay < 500, "watched_days": 500.0}, index=index)
    return X, Survival(HazardModel(refits=3).fit(X, y), target="churn")


def scored(book, p=0.2, mrr=100.0, **changes):
    X, survival = book
    made = Survival(**{**vars(survival), **changes})
    return made.score(X, pd.DataFrame({"p_churn": p}, index=X.index), pd.Series(mrr, index=X.index))


def test_every_horizon_agrees_with_the_published_probability(book):
    found = scored(book, p=np.linspace(0.01, 0.6, 400))
    np.testing.assert_allclose(found["p_leave_90"], np.linspace(0.01, 0.6, 400))
    assert (np.diff(found[LEAVE].to_numpy(), axis=1) > 0).all()


def test_without_a_published_probability_the_curve_is_the_models_own(book):
    X, survival = book
    pd.testing.assert_series_equal(
        survival.score(X)["p_leave_180"], survival.model.probability(X)[180], check_names=False
    )
    assert "ltv" not in survival.score(X)


def test_what_is_at_stake_is_risk_times_revenue_times_term(book):
    found = scored(book)
    np.testing.assert_allclose(found["at_stake"], 0.2 * 100 * found["term_months"])
    assert found["term_months"].between(0, 365 / 30.4).all()
    double = scored(book, mrr=200.0)
    np.testing.assert_allclose(double["at_stake"], 2 * found["at_stake"])  # whatever the currency is
    np.testing.assert_allclose(double["ltv_high"], 2 * found["ltv_high"])


def test_the_term_is_the_stay_after_the_horizon_of_those_still_there(book):
    X, survival = book
    days = np.append(np.arange(90, 455, 15), 455)
    stays = survival.model.survival(X, list(days)).to_numpy()
    area = ((stays[:, 1:] + stays[:, :-1]) / 2 * np.diff(days)).sum(axis=1) / stays[:, 0]
    np.testing.assert_allclose(survival.score(X)["term_months"], area / 30.4375, rtol=0.01)


def test_intervals_hold_their_value_and_no_more_than_never_leaving_brings(book):
    found = scored(book)
    for name in ("stay_months", "ltv", "at_stake"):
        assert (found[f"{name}_low"] < found[name]).all()
        assert (found[name] < found[f"{name}_high"]).all()
    assert found["stay_months_high"].max() <= 1825 / 30.4375 + 1e-9


def test_margin_and_discount_lower_the_value_only(book):
    plain, less = scored(book), scored(book, gross_margin=0.5, discount_rate=0.1)
    assert (less["ltv"] < plain["ltv"] / 2).all()
    np.testing.assert_array_equal(less["at_stake"], plain["at_stake"])


def test_a_row_without_revenue_has_no_value(book):
    found = scored(book, mrr=np.nan)
    assert found["ltv"].isna().all()
    assert found["stay_months"].notna().all()


def test_curves_begin_with_everybody_and_fall(book):
    X, survival = book
    curve = survival.curve(X, pd.DataFrame({"p_churn": 0.2}, index=X.index))
    stays = curve["stays"].to_numpy().reshape(len(X), -1)
    assert (stays[:, 0] == 1).all()
    assert (np.diff(stays, axis=1) < 0).all()
    assert curve["day"].tolist()[: len(CURVE_DAYS)] == list(CURVE_DAYS)
    np.testing.assert_allclose(curve.loc[curve["day"] == 90, "stays"], 0.8)
    assert ((curve["low"] <= curve["stays"]) & (curve["stays"] <= curve["high"])).all()


def test_a_row_depends_on_itself_alone(book, monkeypatch):
    X, survival = book
    whole = survival.score(X)
    monkeypatch.setattr("cs_ml.pipeline.survival.CHUNK", 7)
    pd.testing.assert_frame_equal(survival.score(X.iloc[::-1]).iloc[::-1], whole, check_exact=True)


def test_it_travels_as_plain_values(book):
    X, survival = book
    again = Survival.from_state(json.loads(json.dumps(survival.to_state())))
    pd.testing.assert_frame_equal(again.score(X), survival.score(X), check_exact=True)
