from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book, keys
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import TableError
from cs_ml.labels import ChurnLabeler, count_states, episodes
from cs_ml.timeline import Clock


def states(tables, *pairs, **options):
    labelled = ChurnLabeler(**({"horizon_days": 90} | options)).label(tables, pd.DataFrame(index=keys(*pairs)))
    return labelled["state"].tolist()


CONTRACTS = """
    account_id start_at   end_at     cancel_requested_at cancelled_at
    leaves     2026-01-01 2026-04-01 -                   -
    stays      2026-01-01 2027-01-01 -                   -
    cancels    2026-01-01 2027-01-01 2026-03-01          2026-04-15
    returns    2026-01-01 2026-04-01 -                   -
    returns    2026-04-20 2027-01-01 -                   -
    too_late   2026-01-01 2026-04-01 -                   -
    too_late   2026-05-20 2027-01-01 -                   -
"""


def test_each_way_of_leaving_and_staying():
    tables = book(data_end="2026-12-01", contracts=CONTRACTS)
    names = ["leaves", "stays", "cancels", "returns", "too_late"]
    assert states(tables, *[(name, "2026-03-01") for name in names]) == ["1", "0", "1", "0", "1"]


def test_grace_decides_whether_a_gap_is_churn():
    tables = book(data_end="2026-12-01", contracts=CONTRACTS)
    assert states(tables, ("returns", "2026-03-01"), grace_days=10) == ["1"]
    assert states(tables, ("too_late", "2026-03-01"), grace_days=60) == ["0"]


def test_the_horizon_is_half_open():
    tables = book(data_end="2026-12-01", contracts=CONTRACTS)
    assert states(tables, ("leaves", "2026-04-01"), horizon_days=1) == ["1"]
    assert states(tables, ("leaves", "2026-03-31"), horizon_days=1) == ["0"]
    assert states(tables, ("leaves", "2026-04-02"), horizon_days=1) == ["censored"]


def test_leaving_inside_the_gap_is_censored():
    tables = book(data_end="2026-12-01", contracts=CONTRACTS)
    assert states(tables, ("leaves", "2026-03-25"), gap_days=30) == ["censored"]
    assert states(tables, ("leaves", "2026-03-25"), gap_days=7) == ["1"]


def test_leavers_and_stayers_mature_on_the_same_day():
    pairs = [("leaves", "2026-03-01"), ("stays", "2026-03-01")]
    day_before = book(data_end="2026-06-28", contracts=CONTRACTS)
    on_the_day = book(data_end="2026-06-29", contracts=CONTRACTS)
    assert states(day_before, *pairs) == ["immature", "immature"]
    assert states(on_the_day, *pairs) == ["1", "0"]


def test_dropping_one_of_two_lines_is_not_churn():
    tables = book(
        data_end="2026-12-01",
        contracts="""
        account_id start_at   end_at
        a          2026-01-01 2026-04-01
        a          2026-01-01 2027-01-01""",
    )
    assert states(tables, ("a", "2026-03-01")) == ["0"]


def test_both_dates_are_kept():
    tables = book(data_end="2026-12-01", contracts=CONTRACTS)
    row = ChurnLabeler().label(tables, pd.DataFrame(index=keys(("cancels", "2026-03-01")))).iloc[0]
    assert (row["effective_at"], row["decided_at"]) == (pd.Timestamp("2026-04-15"), pd.Timestamp("2026-03-01"))


def test_states_are_counted_by_date():
    tables = book(data_end="2026-06-29", contracts=CONTRACTS)
    labelled = ChurnLabeler().label(
        tables, pd.DataFrame(index=keys(("leaves", "2026-03-01"), ("stays", "2026-03-01"), ("stays", "2026-04-01")))
    )
    assert count_states(labelled).to_numpy().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]


def test_contracts_are_needed():
    with pytest.raises(TableError, match="contracts: expected a source table of that name"):
        ChurnLabeler().label(
            book(usage="account_id event_at\na 2026-01-01"), pd.DataFrame(index=keys(("a", "2026-02-01")))
        )


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100), st.integers(1, 30)), min_size=1, max_size=12),
    st.integers(0, 15),
)
def test_stays_equal_painting_the_days(lines, grace):
    start = pd.Timestamp("2026-01-01")
    rows = pd.DataFrame(
        [
            (account, start + pd.Timedelta(days=first), start + pd.Timedelta(days=first + length))
            for account, first, length in lines
        ],
        columns=["account_id", "start_at", "end_at"],
    ).astype({"start_at": "datetime64[us]", "end_at": "datetime64[us]"})
    stays = episodes(rows, Clock(), grace)
    for account in rows["account_id"].unique():
        painted = np.zeros(400, dtype=bool)
        for name, first, length in lines:
            if name == account:
                painted[first : first + length] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[0], painted, [0]])))
        found = list(zip(edges[::2], edges[1::2], strict=True))
        merged = [found[0]]
        for first, last in found[1:]:
            if first - merged[-1][1] <= grace:
                merged[-1] = (merged[-1][0], last)
            else:
                merged.append((first, last))
        mine = stays[stays["account_id"] == account]
        offset = Clock().day(np.array([start], dtype="datetime64[us]"))[0]
        assert [(a - offset, b - offset) for a, b in zip(mine["start"], mine["end"], strict=True)] == merged


@pytest.mark.parametrize(("which", "expected"), [("any", "1"), ("voluntary", "censored"), ("involuntary", "1")])
def test_leaving_the_other_way_is_censored(which, expected):
    header = "account_id start_at end_at mrr cancelled_at voluntary\n"
    tables = book(data_end="2026-12-01", contracts=header + "a 2026-01-01 2027-01-01 100 2026-04-01 false")
    spine = pd.DataFrame(index=keys(("a", "2026-03-01")))
    assert ChurnLabeler(which=which).label(tables, spine)["state"].iloc[0] == expected
