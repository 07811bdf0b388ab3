"""Opinions stand beside the score, expire, and are judged like any other forecaster."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from cs_ml.errors import FrameError
from cs_ml.health.opinions import beside, judged

KEYS = ["account_id", "as_of"]
DATES = pd.to_datetime(["2026-02-01", "2026-03-01", "2026-04-01"])


def scores():
    index = pd.MultiIndex.from_product([["a", "b"], DATES], names=KEYS)
    return pd.DataFrame({"health": [70.0, 71, 72, 30, 31, 32]}, index=index)


def given(**more):
    frame = pd.DataFrame({
        "account_id": ["a", "a"], "points": [20.0, 40.0], "author": ["Sato", "Mori"], "reason": ["merger", "calmer"],
        "set_at": ["2026-01-10", "2026-03-01"], "expires_at": ["2026-06-01", "2026-03-20"],
    })  # fmt: skip
    return frame.assign(set_at=pd.to_datetime(frame["set_at"]), expires_at=pd.to_datetime(frame["expires_at"]), **more)


def test_the_newest_opinion_stands_beside_until_it_expires():
    found = beside(scores(), given(), "override", "points")
    assert found["health"].equals(scores()["health"])
    assert found["override"].tolist()[:2] == [20.0, 20.0]
    assert found["override"].isna().tolist() == [False, False, True, True, True, True]
    assert found["override_author"].tolist()[:2] == ["Sato", "Sato"]
    assert found["override_reason"].iloc[0] == "merger"
    assert found["override_expires_at"].iloc[0] == pd.Timestamp("2026-06-01")


def test_what_was_not_yet_known_was_not_yet_said():
    late = given(known_at=pd.to_datetime(["2026-02-10", "2026-03-01"]))
    assert beside(scores(), late, "override", "points")["override"].isna().tolist()[:3] == [True, False, True]


def test_an_override_needs_author_reason_and_expiry_and_a_view_does_not():
    with pytest.raises(FrameError, match=r"override\.reason: expected a value in every row"):
        beside(scores(), given(reason=[None, "calmer"]), "override", "points")
    with pytest.raises(FrameError, match="expected the column author"):
        beside(scores(), given().drop(columns="author"), "override", "points")
    views = given().drop(columns=["author", "expires_at"])
    found = beside(scores(), views, "csm_view", "points", strict=False)
    assert found["csm_view"].tolist()[:3] == [20.0, 20.0, 40.0]


def test_no_opinions_are_no_fault():
    assert beside(scores(), given().iloc[:0], "override", "points")["override"].isna().all()


@pytest.fixture(name="said")
def said_fixture():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([range(200), DATES], names=KEYS)
    risk = rng.normal(size=600)
    y = pd.Series((rng.uniform(size=600) < 1 / (1 + np.exp(2 - risk))).astype(float), index=index)
    said = pd.DataFrame({"health": -risk, "csm": np.round(-risk + rng.normal(0, 2, 600))}, index=index)
    return said.assign(csm=said["csm"].where(rng.uniform(size=600) < 0.5)), y


def test_the_auc_is_that_of_scikit_learn_on_the_rows_where_one_spoke(said):
    said, y = said
    found, spoke = judged(said, y), said["csm"].notna()
    assert found.loc["csm", "auc"] == pytest.approx(roc_auc_score(1 - y[spoke], said["csm"][spoke]))
    assert found.loc["csm", "auc_first"] == pytest.approx(roc_auc_score(1 - y[spoke], said["health"][spoke]))
    assert found.loc["csm", "rows"] == spoke.sum()
    assert found.loc["csm", "gain_high"] < 0
    assert found.loc["health", ["gain", "gain_low"]].tolist() == [0, 0]


def test_repeated_rows_of_an_account_make_nothing_surer(said):
    said, y = said
    again = [frame.set_axis(frame.index.set_levels(DATES + pd.Timedelta(days=1), level=1)) for frame in (said, y)]
    found = judged(pd.concat([said, again[0]]), pd.concat([y, again[1]]))
    assert found["high"].to_numpy() == pytest.approx(judged(said, y)["high"].to_numpy())


def test_without_both_outcomes_nothing_is_judged(said):
    said, y = said
    assert judged(said, y * 0)["auc"].isna().all()
