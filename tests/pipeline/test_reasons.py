"""Every reason about an attribute names its value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cs_ml.features import AccountsBuilder, ContractsBuilder, catalog_frame
from cs_ml.health import HealthScore, Measure, Scorecard
from cs_ml.pipeline.accounts import explain_accounts

SEGMENT = "accounts_segment_current"


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    """Return the reasons of a health score on a book in which small accounts leave more often."""
    rng = np.random.default_rng(1)
    dates = pd.date_range("2025-01-01", periods=8, freq="MS")
    index = pd.MultiIndex.from_product([[f"a{at:02d}" for at in range(80)], dates], names=["account_id", "as_of"])
    small = np.repeat(np.arange(80) % 2 == 0, len(dates))
    X = pd.DataFrame({"contracts_tenure_days": rng.uniform(0, 900, len(index))}, index=index)
    X[SEGMENT] = pd.Categorical(np.where(small, "small", "large"))
    y = pd.DataFrame({"label": rng.random(len(X)) < np.where(small, 0.3, 0.05), "state": "1"}, index=index)
    y = y.assign(label=y["label"].astype(float), state=np.where(y["label"], "1", "0"))
    tenure = Measure(
        name="tenure", feature="contracts_tenure_days", dimension="relationship", knots=((0, 0), (900, 100))
    )
    card = Scorecard(measures=(tenure,))
    catalog = catalog_frame([*AccountsBuilder().features(["segment"]), *ContractsBuilder().features(["mrr"])])
    return explain_accounts(X, catalog, health=HealthScore(card).fit(X, y))


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
