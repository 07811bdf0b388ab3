"""What an evaluation tells beside the metrics: the assumption behind a profit, and segments that are off."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.config import Config
from cs_ml.models.capacity import Effort
from cs_ml.models.groups import calibration_by
from cs_ml.pipeline.evaluate import _beside, _effort, _miscalibrated

MONEY = {"contact_cost": 50.0, "success_rate": 0.2}


def config(priority, **labels):
    return Config(tables={"folder": "x"}, priority=priority, labels={"churn": {}, **labels})


def test_a_profit_is_told_of_losses_only_and_only_where_the_user_assumes_something():
    told = config(MONEY, upsell={}, non_renewal={})
    assert _effort(told, "churn") == _effort(told, "non_renewal") == Effort(50.0, 0.2, 12.0)
    assert _effort(told, "upsell") is None
    assert _effort(config({}), "churn") is None


@pytest.mark.parametrize("half", MONEY)
def test_half_an_assumption_is_refused(half):
    with pytest.raises(ValueError, match="keys that fit together"):
        config({half: MONEY[half]})


def test_segments_that_are_off_are_named_with_their_interval():
    table = calibration_by([1.0] * 40 + [0.0] * 60 + [0.0] * 50, [0.2] * 150, ["monthly"] * 100 + ["annual"] * 50)
    (line,) = _miscalibrated(table[table["group"] == "monthly"])
    assert line == "  OFF within monthly: 20.0% foreseen, 40.0% came (29.8% to 51.2%)"
    assert _miscalibrated(pd.DataFrame()) == []


def test_money_at_capacity_is_shown_beside_the_baselines():
    rows = [
        ("model", "expected_profit_at_7", 1234.5, 1000.0, 1500.0),
        ("base_rate", "mrr_captured_at_7", 0.5, 0.4, 0.6),
    ]
    text = _beside(pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high"]))
    assert "1,234 (1,000 to 1,500)" in text
    assert "0.500 (0.400 to 0.600)" in text
