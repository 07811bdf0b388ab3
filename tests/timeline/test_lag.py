"""What reaches us days after it happened is used only from then on, values revealed later than their row included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import keys, rows

from cs_ml.engine.local import LocalEngine
from cs_ml.features import SnapshotBuilder, SurveysBuilder, audit, default_builders
from cs_ml.tables import TableMapping, open_tables
from cs_ml.timeline import make_spine

FRAMES = {
    "accounts": rows("account_id\na"),
    "contracts": rows("""
        contract_line_id account_id start_at   cancel_requested_at cancelled_at mrr
        1                a          2025-01-01 2026-03-10          2026-06-01   10"""),
    "surveys": rows("""
        response_id account_id kind sent_at    answered_at score known_at
        r           a          nps  2026-02-01 2026-02-10  9     2026-02-01"""),
}
LAG = TableMapping(known_lag_days=5)


def tables(*lagging: str):
    return open_tables(FRAMES, dict.fromkeys(lagging, LAG), data_end="2026-07-01")


@pytest.mark.parametrize(
    ("lagging", "day", "score"),
    [
        ((), "2026-02-11", 9),
        ((), "2026-02-10", None),
        (("surveys",), "2026-02-15", None),
        (("surveys",), "2026-02-16", 9),
    ],
)
def test_an_answer_is_known_so_many_days_after_it_was_given(lagging, day, score):
    spine = pd.DataFrame(index=keys(("a", day)))
    X = SnapshotBuilder((SurveysBuilder("nps"),), LocalEngine(1, 1)).build(tables(*lagging), spine)
    assert X["nps_score_latest"].fillna(-1).tolist() == [-1 if score is None else score]
    assert X["nps_response_rate_365d"].tolist() == [0 if score is None else 1]


@pytest.mark.parametrize(("lagging", "first"), [((), "2026-03-11"), (("contracts",), "2026-03-16")])
def test_notice_is_known_so_many_days_after_it_was_given(lagging, first):
    spine = make_spine(tables(*lagging), start="2026-03-01", end="2026-05-31", every="day")
    assert spine.index.get_level_values("as_of")[spine["notice_given"]].min() == pd.Timestamp(first)


def test_the_end_itself_stays_the_end_and_is_known_late():
    """Who left without notice still looks like a customer until we hear of it."""
    frames = FRAMES | {"contracts": FRAMES["contracts"].assign(cancel_requested_at=None)}
    days = {
        lag: make_spine(
            open_tables(frames, {"contracts": TableMapping(known_lag_days=lag)}, data_end="2026-07-01"),
            start="2026-05-30", end="2026-06-10", every="day",
        ).index.get_level_values("as_of").max()
        for lag in (0, 5)
    }  # fmt: skip
    assert days == {0: pd.Timestamp("2026-06-01"), 5: pd.Timestamp("2026-06-06")}


@pytest.fixture(scope="module")
def lagging(sample):
    names = ("contracts", "users", "surveys", "voc", "tickets", "onboarding", "deals", "invoices", "entitlements")
    return open_tables(sample, dict.fromkeys(names, TableMapping(known_lag_days=9)))


def test_no_builder_uses_a_value_before_its_table_knew_it(lagging):
    """The future of a date holds everything not yet known by then, the last nine days included."""
    dates = pd.DatetimeIndex(["2025-11-01"])
    found = audit(default_builders(), lagging, dates=dates, accounts=60, engine=LocalEngine(1, 1))
    leaks = found.cells[found.cells["verdict"] == "leak"]
    assert leaks.empty, leaks[["feature", "change", "example"]].to_string()
    assert found.withheld.set_index("table")["rows"].groupby(level=0).sum()["tickets"] > 0


def test_a_value_of_the_last_days_is_what_the_audit_takes_away(lagging):
    tickets = lagging.frame("tickets")
    solved = tickets[["resolved_at", "resolved_at_known_at"]].dropna()
    assert len(solved)
    assert set(np.unique(solved["resolved_at_known_at"] - solved["resolved_at"])) == {np.timedelta64(9, "D")}
