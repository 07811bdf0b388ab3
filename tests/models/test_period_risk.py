from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cs_ml.models import HazardModel
from cs_ml.models.period_risk import period_shifts


@pytest.fixture(scope="module")
def book():
    """Return accounts that leave at renewals, more often when worried and on one plan."""
    rng = np.random.default_rng(0)
    left = rng.integers(0, 360, 900).astype(float)
    X = pd.DataFrame({"contracts_term_days_to_end": left, "worry": rng.normal(size=900)})
    X["contracts_term_months"] = np.where(rng.random(900) < 0.9, 12.0, np.nan)
    X["plan"] = pd.Categorical(rng.choice(["basic", "pro"], 900))
    gone = rng.random(900) < 1 / (1 + np.exp(-X["worry"] + (X["plan"] == "pro")))
    event = gone & (left < 300)
    return X, pd.DataFrame({"duration_days": np.where(event, left, 300.0), "event": event, "watched_days": 300.0})


@pytest.mark.parametrize("learners", ["auto", ("logistic",), ("tree",)])
def test_every_row_and_period_asked_alone_says_the_same(book, learners):
    X, y = book
    model = HazardModel(learners=learners, n_origins=2).fit(X, y)
    kept, shifts = X[model.columns_], [*model.risk_.shifts[:3], *[model.risk_.shifts[3]] * 17]
    alone = [model.risk_.classifier.margin(model.periods.of(kept, period)) for period in range(20)]
    expected = expit(np.column_stack(alone) + shifts)
    np.testing.assert_allclose(model.hazard(X, 20), expected, atol=1e-12)


def test_a_first_period_of_its_own_level_is_met():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"worry": rng.normal(size=3000)})
    early, later = rng.random(3000) < 0.01, 30 + rng.exponential(900, 3000)  # who leaves at once has given notice
    stay = np.where(early, rng.uniform(0, 30, 3000), later)
    y = pd.DataFrame({"duration_days": np.minimum(stay, 300), "event": stay < 300, "watched_days": 300.0})
    p = HazardModel(learners=("logistic",)).fit(X, y).hazard(X, 4).mean(axis=0)
    assert p[0] == pytest.approx(0.01, abs=0.006)
    assert p[1:] == pytest.approx(1 - np.exp(-30 / 900), abs=0.008)


def test_few_events_move_a_period_little():
    y, p = np.array([0.0, 0.0, 1.0]), np.full(3, 0.2)
    shifts = period_shifts(np.array([0, 1, 7]), y, p)
    assert np.abs(shifts).max() < 0.2
    assert shifts[2] == 0.0  # no row of the third period


def test_a_row_depends_on_itself_alone(book):
    X, y = book
    model = HazardModel(refits=2).fit(X, y)
    whole = model.hazard(X, 15)
    np.testing.assert_array_equal(model.hazard(X.iloc[[7, 3]], 15), whole[[7, 3]])
    np.testing.assert_array_equal(model.hazard(X.iloc[::-1], 15)[::-1], whole)


def test_no_rows_and_no_periods_are_answered(book):
    X, y = book
    model = HazardModel(learners=("logistic",)).fit(X, y)
    assert model.hazard(X.iloc[:0], 5).shape == (0, 5)
    assert model.hazard(X, 0).shape == (900, 0)
