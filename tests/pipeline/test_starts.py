"""Where points start, and that they add up to the published score from there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from cs_ml.explain.typical import TypicalValues
from cs_ml.health import HealthScore, Measure, Scorecard
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.explain import _sum
from cs_ml.pipeline.fitted import Fitted
from cs_ml.pipeline.score import reasons_of, scores_of

TENURE = Measure(name="tenure", feature="contracts_tenure_days", dimension="relationship", knots=((0, 0), (900, 100)))
NO_CATALOG = pd.DataFrame(index=pd.Index([], name="name"))


@pytest.fixture(scope="module")
def told(small_leave_more):
    """Return published scores and reasons of a book in which small accounts leave more often."""
    X, y = small_leave_more
    model = PropensityClassifier(learners=("logistic",), purge_days=30).fit(X, y)
    health = HealthScore(Scorecard(measures=(TENURE,))).fit(X, y, margin=model.margin(X))
    fitted = Fitted({"churn": model}, health, "churn", TypicalValues().fit(X), NO_CATALOG, "")
    return scores_of(fitted, X), reasons_of(fitted, X, {"churn": "churn"}, 5)


def test_start_and_themes_add_up_to_the_published_health(told):
    scores, found = told
    ends = found.starts["health"] + found.themes["health"].sum(axis=1)
    np.testing.assert_allclose(ends, scores["health"], atol=1e-9)
    assert scores["health"].std() > 1


def test_start_and_themes_add_up_to_the_log_odds_of_the_published_probability(told):
    scores, found = told
    ends = found.starts["churn"] + found.themes["churn"].sum(axis=1)
    np.testing.assert_allclose(ends, logit(scores["p_churn"]), atol=1e-9)


def test_the_line_of_themes_can_be_checked_by_hand():
    themes = pd.Series({"usage": -39.4, "other": 0.0001, "contract": None, "profile": 1.5}, dtype=float)
    assert _sum(57.4, themes) == "start 57.400 usage -39.400 profile +1.500 = 19.500"
    assert _sum(57.4, themes * np.nan) == "none"
