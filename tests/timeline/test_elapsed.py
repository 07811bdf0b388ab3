"""Days since a moment of a row, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import book, keys

from cs_ml.timeline import Clock, Lookup
from cs_ml.timeline.elapsed import Elapsed, elapsed

TICKETS = """
    ticket_id account_id opened_at           resolved_at
    1         a          2026-01-01          2026-01-10T12:00:00
    2         a          2026-01-05          -
    3         a          2026-01-09T23:00:00 2026-01-20
    4         b          2026-01-05          2026-01-05"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01"""
KEYS = keys(("a", "2026-01-10"), ("a", "2026-01-11"), ("a", "2026-02-01"), ("b", "2026-01-06"), ("z", "2026-01-06"))


def of(column: str, zone: str = "UTC", **more: str) -> Elapsed:
    rows = book(tickets=TICKETS, contracts=CONTRACTS, zone=zone).frame("tickets")
    rows = rows.assign(**{name: pd.to_datetime(value).as_unit("us") for name, value in more.items()})
    clock = Clock(zone)
    pairs = Lookup(rows, KEYS, time="opened_at", known="known_at", clock=clock).window(None)
    return elapsed(pairs, rows, column, KEYS, clock)


def test_days_since_each_moment():
    assert of("opened_at").days.tolist() == [9, 5, 1, 10, 6, 2, 31, 27, 23, 1]
    np.testing.assert_array_equal(
        of("resolved_at").days, [np.nan, np.nan, np.nan, 1, np.nan, np.nan, 22, np.nan, 12, 1]
    )


def test_a_moment_is_pending_until_it_has_come():
    solved = of("resolved_at")
    assert solved.come().count().tolist() == [0, 1, 2, 1, 0]
    assert solved.pending().count().tolist() == [3, 2, 1, 0, 0]


def test_a_moment_that_was_known_late_is_pending_until_then():
    late = of("resolved_at", resolved_at_known_at="2026-01-31")
    assert late.come().count().tolist() == [0, 0, 2, 0, 0]
    assert late.days[6] == 22
    never = of("resolved_at", resolved_at_known_at=None)
    assert never.come().count().sum() == 0


def test_the_zone_decides_on_the_day():
    assert of("opened_at", "Asia/Tokyo").days.tolist()[:2] == [9, 5]
    assert of("opened_at", "Asia/Tokyo").pairs.count().tolist() == [2, 3, 3, 1, 0]


def test_mean_longest_and_shortest_leave_out_what_is_pending():
    solved = of("resolved_at")
    np.testing.assert_array_equal(solved.mean(), [np.nan, 1, 17, 1, np.nan])
    np.testing.assert_array_equal(solved.longest(), [np.nan, 1, 22, 1, np.nan])
    np.testing.assert_array_equal(solved.shortest(), [np.nan, 1, 12, 1, np.nan])


@pytest.mark.parametrize("mask", [[True] * 10, [False] * 10, [True, False] * 5])
def test_taking_pairs(mask):
    opened = of("opened_at")
    assert opened.take(np.array(mask)).count().sum() == sum(mask)
