from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.models import HazardModel
from cs_ml.models.period_risk import period_risk


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
    kept = X[model.columns_]
    alone = [model.classifier_.predict_proba(model.periods.of(kept, period))[:, 1] for period in range(20)]
    np.testing.assert_allclose(
        period_risk(model.classifier_, model.periods, kept, 20), np.column_stack(alone), atol=1e-12
    )


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
