"""Every reason about an attribute names its value."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.features import AccountsBuilder, ContractsBuilder, catalog_frame
from cs_ml.health import HealthScore, Measure, Scorecard
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.accounts import explain_accounts
from cs_ml.report import AccountReport

SEGMENT = "accounts_segment_current"


TENURE = Measure(name="tenure", feature="contracts_tenure_days", dimension="relationship", knots=((0, 0), (900, 100)))
CARD = Scorecard(measures=(TENURE,))
CATALOG = catalog_frame([*AccountsBuilder().features(["segment"]), *ContractsBuilder().features(["mrr"])])


@pytest.fixture(scope="module")
def told(small_leave_more) -> pd.DataFrame:
    """Return the reasons of a health score."""
    X, y = small_leave_more
    return explain_accounts(X, CATALOG, health=HealthScore(CARD).fit(X, y))


def test_the_base_rate_of_a_segment_is_told_with_the_segment(told):
    about = told[told["feature"] == SEGMENT]
    assert set(about["sentence_en"]) == {
        "Segment: small; this goes with a lower health score.",
        "Segment: large; this goes with a higher health score.",
    }
    assert set(about["sentence_ja"].str.split("。").str[0]) == {"セグメント: small", "セグメント: large"}
    assert set(about["theme"]) == {"profile"}
    assert len(about) == 640


def test_no_reason_is_a_bare_label(told):
    labels = {"Segment", "Tenure"}
    assert not labels & set(told["sentence_en"].str.split(";").str[0])
    assert "segment" not in set(told["feature"])


@pytest.fixture(scope="module")
def estimated(small_leave_more) -> pd.DataFrame:
    """Return the reasons of the health of one account, where the score also rests on a model."""
    X, y = small_leave_more
    model = PropensityClassifier(learners=("logistic",), purge_days=30).fit(X, y)
    health = HealthScore(CARD).fit(X, y, margin=model.margin(X))
    found = explain_accounts(X.iloc[-1:], CATALOG, health=health, churn=model)
    return found[found["target"] == "health"]


def test_what_the_model_adds_to_health_is_said_to_be_its_estimate(estimated):
    row = estimated.set_index("feature").loc["model"]
    assert row["theme"] == "model"
    assert row["sentence_en"].startswith(
        "The model's own estimate of the risk of leaving, beyond what the measures say;"
    )
    assert row["sentence_ja"].startswith("モデルによる解約リスクの推定(測定項目に表れない分)。")


@pytest.mark.parametrize(("lang", "theme", "other"), [("en", "Model", "Other"), ("ja", "モデル", "その他")])
def test_the_account_page_shows_it_under_a_theme_of_its_own(estimated, lang, theme, other):
    scores = pd.DataFrame({"health": [62.0]}, index=estimated.set_index(["account_id", "as_of"]).index[:1])
    page = AccountReport(estimated["account_id"].iloc[0], scores, drivers=estimated, lang=lang).html()
    assert f">{theme}<" in page
    assert f">{other}<" not in page
