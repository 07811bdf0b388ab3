"""The reliability table and the ship checks of health are printed, and a version that fails says so."""

import numpy as np
import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.health import reliability_table, ship_checks
from cs_ml.pipeline.evaluate import describe_bundle

HEALTH = np.array([30, 30, 30, 50, 50, 65, 65, 65, 65, 65.0])
STAYED = np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 0.0])


@pytest.fixture(name="bundle")
def bundle_fixture():
    tables = {
        "health_reliability": reliability_table(HEALTH, HEALTH / 100, STAYED, np.arange(10)),
        "health_checks": ship_checks(HEALTH, STAYED, np.arange(10)),
    }
    facts = {"meaning": "50 points are the book", "verdict": "as good as", "notes": ["few churns"]}
    return Bundle.of({}, tables=tables, metadata={"health": facts})


def test_what_became_of_accounts_by_score_is_told(bundle):
    told = "\n".join(describe_bundle(bundle))
    assert "scored 60-70: 4 of 5 stayed, 80 %" in told
    assert "50 points are the book" in told
    assert "few churns" in told


def test_each_check_says_whether_it_holds_and_the_version_whether_it_may_ship(bundle):
    lines, head = describe_bundle(bundle), "ship checks, out of time: failed: red_churn_lift"
    at = lines.index(head)
    assert [line.strip().split(":")[0] for line in lines[at + 1 : at + 4]] == ["FAILS", "holds", "holds"]


def test_each_segment_with_a_scorecard_is_told_by_itself(bundle):
    parts = {"reliability": bundle.table("health_reliability"), "checks": bundle.table("health_checks")}
    parts["ranking"] = pd.DataFrame({"auc": [0.7], "low": [0.6], "high": [0.8]}, index=["health"])
    parts["ranking"].index.name = "forecaster"
    more = {f"health_segment_{name}": pd.concat({"big": part}, names=["segment"]) for name, part in parts.items()}
    lines = describe_bundle(Bundle.of({}, tables={**bundle.tables, **more}, metadata=bundle.metadata))
    at = lines.index("segment big, by its own weights, out of time: failed: red_churn_lift")
    assert lines[at + 1] == "  AUC of health: 0.700 (0.600 to 0.800)"
    assert any(line.startswith("  scored 60-70: 4 of 5 stayed, 80 %") for line in lines[at:])


def test_too_few_departures_are_no_verdict_on_people(bundle):
    row = {"rows": 9.0, "accounts": 7, "churned": 4.0, "auc": 0.9, "low": 0.8, "high": 1.0, "auc_first": 0.8}
    row |= {"gain": 0.1, "gain_low": 0.0, "gain_high": 0.2}
    table = pd.DataFrame([row, row | {"churned": 5.0}], index=pd.Index(["csm_view", "override"], name="forecaster"))
    lines = describe_bundle(Bundle.of({}, tables={"health_opinions": table}, metadata=bundle.metadata))
    assert "  csm_view: held on 9 rows of 7 accounts, of which 4 left; too few to judge" in lines
    assert any(line.startswith("  override: held on 9 rows") and "AUC 0.900" in line for line in lines)
