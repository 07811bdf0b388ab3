"""What the command line says of an account's stay."""

from __future__ import annotations

import pandas as pd

from cs_ml.pipeline.explain import _figures

ROW = {
    "p_churn": 0.1,
    "mrr": 1200.0,
    "p_leave_30": 0.04,
    "p_leave_90": 0.1,
    "stay_months": 31.4,
    "stay_months_low": 20.0,
}


def test_every_horizon_the_stay_and_what_is_at_stake():
    row = pd.Series({**ROW, "stay_months_high": 44.0, "at_stake": 1287.4})
    assert _figures(row) == [
        "churn probability 10.0%",
        "mrr 1,200",
        "leaves within 30 days 4.0%, 90 days 10.0%",
        "expected remaining stay 31 months (20 to 44)",
        "at stake 1,287: risk x mrr x remaining term",
    ]


def test_where_no_stays_were_learned_nothing_is_said_of_them():
    assert _figures(pd.Series({"p_churn": 0.1, "mrr": 1200.0})) == ["churn probability 10.0%", "mrr 1,200"]
