from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import InputError
from cs_ml.models.capacity import Effort, expected_profit, mrr_captured
from cs_ml.models.metric_table import metric_table, paired_differences

EFFORT = Effort(contact_cost=10.0, success_rate=0.5, months_kept=2.0)
Y, P = np.array([1.0, 0, 1, 1, 0]), np.array([0.5, 0.9, 0.4, 0.1, 0.2])
MRR, DATES = np.array([100.0, 50, 50, 150, np.nan]), np.array(["d1", "d1", "d2", "d2", "d2"])


def test_profit_by_hand():
    """d1: 0.5 * 100 - 10 = 40 is worked before 0.9 * 50 - 10 = 35; d2: 0.4 * 50 - 10 = 10 before 0.1 * 150 - 10 = 5."""
    assert expected_profit(Y, P, mrr=MRR, capacity=1, effort=EFFORT, dates=DATES) == pytest.approx((90 + 40) / 2)
    all_worked = (90 - 10 + 40 + 140) / 2  # the account without MRR is never worth a contact
    assert expected_profit(Y, P, mrr=MRR, capacity=9, effort=EFFORT, dates=DATES) == pytest.approx(all_worked)


def test_nobody_is_worked_at_a_loss():
    dear = Effort(contact_cost=1_000.0, success_rate=0.5)
    assert expected_profit(Y, P / 100, mrr=MRR, capacity=5, effort=dear) == 0.0


@given(st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_weight_is_a_repeated_outcome(times):
    w = np.array(times, dtype=float)
    options = {"mrr": MRR, "capacity": 1, "effort": EFFORT, "dates": DATES}
    singly = [expected_profit(Y, P, np.eye(5)[row], **options) for row in range(5)]
    assert expected_profit(Y, P, w, **options) == pytest.approx(w @ np.array(singly))
    assert expected_profit(Y, P, np.vstack([w, w]), **options).shape == (2,)


def test_money_is_captured_up_to_all_of_it():
    assert mrr_captured(Y, P, mrr=MRR, capacity=3, dates=DATES) == 1.0


def test_wild_assumptions_are_refused_together():
    with pytest.raises(InputError, match="2 faults") as error:
        Effort(contact_cost=-1.0, success_rate=1.5)
    assert [fault.where for fault in error.value.faults] == ["effort.contact_cost", "effort.success_rate"]


def test_profit_has_an_interval_and_a_paired_difference():
    rng = np.random.default_rng(0)
    p, mrr = rng.uniform(0.05, 0.6, 400), rng.uniform(50, 500, 400)
    y = (rng.random(400) < p).astype(float)
    context = {"clusters": np.arange(400) // 2, "mrr": mrr, "capacity": 40, "effort": EFFORT, "n_boot": 200}
    own = metric_table(y, p, **context).set_index("metric").loc["expected_profit_at_40"]
    assert own["low"] < own["value"] < own["high"]
    gap = paired_differences(y, p, 0.65 - p, **context).set_index("metric").loc["expected_profit_at_40"]
    plain = expected_profit(y, 0.65 - p, mrr=mrr, capacity=40, effort=EFFORT)
    assert gap["value"] == pytest.approx(own["value"] - plain)
    assert gap["low"] > 0


def test_without_effort_or_money_there_is_no_profit():
    names = set(metric_table([0, 1], [0.1, 0.2], mrr=pd.Series([1.0, 1.0]), n_boot=1)["metric"])
    assert {name for name in names if name.endswith("_at_20")} == {"mrr_captured_at_20"}
