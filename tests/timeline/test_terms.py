from __future__ import annotations

import numpy as np
import pandas as pd
from builders import keys, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.timeline import Clock, effective_end, terms_known
from cs_ml.timeline.terms import NEVER

DAY0 = pd.Timestamp("2026-01-01")
DAY = st.integers(0, 60)
LINE = st.tuples(st.sampled_from("ab"), DAY, st.none() | DAY, st.none() | DAY, st.none() | DAY, st.integers(-20, 20))
COLUMNS = ["start_at", "end_at", "cancel_requested_at", "cancelled_at", "known_at"]


def lines(text: str) -> pd.DataFrame:
    table = rows(text)
    table = table if "known_at" in table else table.assign(known_at=table["start_at"])
    instants = [name for name in table if name.endswith("_at")]
    return table.astype(dict.fromkeys(instants, "datetime64[us]"))


def ends(table: pd.DataFrame, *dates: str) -> list[str]:
    """Return the end of every known line of account a on each date, and ! where it is a cancellation."""
    terms = terms_known(table, keys(*[("a", date) for date in dates]), Clock())
    days = terms.end.astype("datetime64[D]").astype(str)
    return [f"{day}{'!' if called_off else ''}" for day, called_off in zip(days, terms.cancelled, strict=True)]


def test_notice_ends_a_line_from_the_day_after_it_was_given():
    table = lines("""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 2026-03-10          2026-06-30""")
    assert ends(table, "2026-03-10", "2026-03-11") == ["2027-01-01", "2026-06-30!"]


def test_without_notice_a_cancellation_is_known_when_it_took_effect():
    table = lines("""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 -                   2026-06-30""")
    assert ends(table, "2026-06-30", "2026-07-01") == ["2027-01-01", "2026-06-30!"]


def test_notice_given_afterwards_is_known_afterwards():
    table = lines("""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 2026-03-10          2026-02-28""")
    terms = terms_known(table, keys(("a", "2026-03-10"), ("a", "2026-03-11")), Clock())
    assert terms.running().tolist() == [True, False]


def test_a_cancellation_after_the_planned_end_does_not_lengthen_the_line():
    table = lines("""
        account_id start_at   end_at     cancelled_at
        a          2026-01-01 2026-03-01 2026-04-01""")
    assert ends(table, "2026-05-01") == ["2026-03-01!"]
    assert effective_end(table).tolist() == [pd.Timestamp("2026-03-01")]


def test_notice_without_a_date_of_cancellation_ends_nothing():
    table = lines("""
        account_id start_at   end_at     cancel_requested_at cancelled_at
        a          2026-01-01 2027-01-01 2026-03-10          -""")
    assert ends(table, "2026-05-01") == ["2027-01-01"]


def test_a_line_without_end_columns_never_ends():
    table = lines("""
        account_id start_at
        a          2026-01-01""")
    assert ends(table, "2026-05-01") == [str(NEVER.astype("datetime64[D]"))]
    assert effective_end(table).tolist() == [pd.Timestamp(NEVER)]


def test_lines_of_a_key_come_by_start_and_then_by_row():
    table = lines("""
        account_id start_at   known_at
        a          2026-03-01 2026-01-01
        a          2026-01-01 2026-02-01
        a          2026-03-01 2025-12-01""")
    terms = terms_known(table, keys(("a", "2026-05-01"), ("a", "2026-01-15"), ("z", "2026-05-01")), Clock())
    assert terms.pairs.row.tolist() == [1, 0, 2, 0, 2]
    assert terms.pairs.key.tolist() == [0, 0, 0, 1, 1]


def test_running_looks_at_the_last_instant_before_the_day():
    table = lines("""
        account_id start_at   end_at
        a          2026-01-10 2026-01-20""")
    terms = terms_known(table, keys(*[("a", f"2026-01-{day}") for day in ("11", "20", "21")]), Clock())
    assert terms.running().tolist() == [True, True, False]
    assert terms.running_at(1).tolist() == [False, True, True]
    assert terms.running_at(10).tolist() == [False, False, True]


def test_totals_are_missing_where_no_line_has_a_value():
    table = lines("""
        account_id start_at
        a          2026-01-01
        a          2026-01-01
        b          2026-01-01""")
    terms = terms_known(table, keys(("a", "2026-05-01"), ("b", "2026-05-01"), ("z", "2026-05-01")), Clock())
    np.testing.assert_array_equal(terms.total([3, np.nan, np.nan]), [3, np.nan, np.nan])
    np.testing.assert_array_equal(terms.take(terms.pairs.row != 0).total([3, 4, 5]), [4, 5, np.nan])


def test_days_are_those_of_the_zone():
    table = lines("""
        account_id start_at            end_at
        a          2026-01-09T15:00:00 2026-01-19T15:00:00""")
    key = keys(("a", "2026-01-10"), ("a", "2026-01-20"))
    assert terms_known(table, key, Clock()).running().tolist() == [True, False]
    assert terms_known(table, key, Clock("Asia/Tokyo")).running().tolist() == [True]


@settings(deadline=None)
@given(
    st.lists(LINE, max_size=12), st.lists(st.tuples(st.sampled_from("abc"), DAY), min_size=1, max_size=6, unique=True)
)
def test_terms_equal_a_plain_loop(drawn, pairs):
    made = [
        (account, start, None if length is None else start + 1 + length, notice, gone, start + late)
        for account, start, length, notice, gone, late in drawn
    ]
    table = pd.DataFrame(
        {name: [dated(row[at]) for row in made] for at, name in enumerate(COLUMNS, 1)}, dtype="datetime64[us]"
    )
    table.insert(0, "account_id", [row[0] for row in made])
    key = keys(*[(account, str(dated(day).date())) for account, day in pairs])
    terms = terms_known(table, key, Clock())
    running = terms.take(terms.running())
    first = int(DAY0.to_numpy().astype("datetime64[D]").astype(int))
    found = [
        (int(at), int(row), int(end) - first, bool(gone))
        for at, row, end, gone in zip(running.pairs.key, running.pairs.row, running.end, running.cancelled, strict=True)
    ]
    assert found == [item for at, pair in enumerate(pairs) for item in by_hand(made, at, *pair)]


def dated(day: int | None) -> pd.Timestamp | None:
    return None if day is None else DAY0 + pd.Timedelta(days=day)


def by_hand(made, at, account, day):
    """Return the running lines of one account on one day, in order of their start."""
    never = int((NEVER - DAY0.to_datetime64().astype("datetime64[us]")) / np.timedelta64(1, "D"))
    for row in sorted(range(len(made)), key=lambda row: (made[row][1], row)):
        owner, start, end, notice, gone, known = made[row]
        end = never if end is None else end
        told = gone if notice is None else notice
        cancelled = gone is not None and told < day
        end = min(end, gone) if cancelled else end
        if owner == account and known < day and start < day <= end:
            yield at, row, end, cancelled
