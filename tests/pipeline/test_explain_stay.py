"""What the command line says of an account's stay."""

from __future__ import annotations

import pandas as pd

from cs_ml.pipeline.explain import _figures
from cs_ml.report.said import Said
from cs_ml.report.words import Words

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


def test_in_japanese_the_same_figures_are_told_in_japanese():
    row = pd.Series({**ROW, "stay_months_high": 44.0, "at_stake": 1287.4})
    assert [*map(Said(Words("ja")), _figures(row))] == [
        "解約の確率 10.0%",
        "MRR 1,200",
        "解約する確率 30日以内 4.0%、90日以内 10.0%",
        "見込み残存期間 31か月(20 〜 44)",
        "失われうる収益 1,287:解約確率 × MRR × 残りの期間",
    ]
