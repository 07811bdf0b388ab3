"""The reliability table and the ship checks of health are printed, and a version that fails says so."""

import numpy as np
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
