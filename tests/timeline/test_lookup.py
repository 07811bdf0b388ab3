from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
from builders import keys
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.timeline import Clock, Lookup

DAY0 = pd.Timestamp("2026-01-01")
ROW = st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(0, 23), st.integers(0, 5), st.integers(0, 3))
KEYS = keys(*[(account, str((DAY0 + pd.Timedelta(days=day)).date())) for account in "abd" for day in (0, 7, 20, 41)])


def frame(rows: list[tuple[str, int, int, int, int]]) -> pd.DataFrame:
    built = pd.DataFrame(rows, columns=["account_id", "day", "hour", "late", "value"])
    at = DAY0 + pd.to_timedelta(built["day"], unit="D") + pd.to_timedelta(built["hour"], unit="h")
    known = at + pd.to_timedelta(built["late"], unit="D")
    return built.assign(at=at.astype("datetime64[us]"), known_at=known.astype("datetime64[us]"))


def in_sql(rows: pd.DataFrame, days: int, aggregate: str) -> list[float | None]:
    """Answer the same question with plain SQL."""
    with sqlite3.connect(":memory:") as database:
        rows.to_sql("rows", database)
        KEYS.to_frame(index=False).reset_index(names="key").to_sql("keys", database)
        answer = database.execute(
            f"SELECT {aggregate} FROM keys LEFT JOIN rows ON rows.account_id = keys.account_id AND rows.at < as_of "
            f"AND known_at < as_of AND rows.at >= datetime(as_of, '-{days} days') GROUP BY key ORDER BY key"
        ).fetchall()
    return [row[0] for row in answer]


@given(st.lists(ROW, max_size=30), st.sampled_from([1, 7, 30]))
def test_a_window_equals_plain_sql(rows, days):
    table = frame(rows)
    pairs = Lookup(table, KEYS, time="at", known="known_at").window(days)
    assert pairs.count().tolist() == in_sql(table, days, "count(rows.value)")
    assert pairs.sum(table["value"]).tolist() == in_sql(table, days, "coalesce(sum(rows.value), 0)")
    assert pairs.distinct(table["value"]).tolist() == in_sql(table, days, "count(DISTINCT rows.value)")
    maximum = [None if np.isnan(value) else value for value in pairs.maximum(table["value"])]
    assert maximum == in_sql(table, days, "max(rows.value)")


@given(st.lists(ROW, max_size=30), st.randoms())
def test_the_future_and_the_order_of_rows_change_nothing(rows, random):
    key = keys(("a", "2026-01-21"))
    known = [
        row for row in rows if DAY0 + pd.Timedelta(days=row[1] + row[3], hours=row[2]) < pd.Timestamp("2026-01-21")
    ]
    mixed = random.sample(rows, len(rows))
    for table in (frame(known), frame(mixed)):
        found = Lookup(table, key, time="at", known="known_at").window(15)
        expected = Lookup(frame(rows), key, time="at", known="known_at").window(15)
        assert found.count() == expected.count()
        assert found.sum(table["value"]) == expected.sum(frame(rows)["value"])


def test_an_instant_belongs_to_one_side():
    rows = pd.DataFrame({"account_id": ["a"] * 3, "at": pd.to_datetime(["2026-01-01", "2026-01-31", "2026-02-01"])})
    lookup = Lookup(rows, keys(("a", "2026-01-31"), ("a", "2026-02-01")), time="at")
    assert lookup.window(30).count().tolist() == [1, 1]
    assert lookup.ahead(0, 1).count().tolist() == [1, 1]
    assert lookup.ahead(1, 1).count().tolist() == [1, 0]


def test_the_zone_moves_the_boundary():
    rows = pd.DataFrame({"account_id": ["a"], "at": pd.to_datetime(["2026-01-31T15:00:00"])})
    key = keys(("a", "2026-02-01"))
    assert Lookup(rows, key, time="at").window(1).count().tolist() == [1]
    assert Lookup(rows, key, time="at", clock=Clock("Asia/Tokyo")).window(1).count().tolist() == [0]


def test_the_latest_row_is_the_newest_known_one():
    rows = pd.DataFrame({
        "account_id": ["a", "a"],
        "at": pd.to_datetime(["2026-01-05", "2026-01-10"]),
        "known_at": pd.to_datetime(["2026-01-05", "2026-02-10"]),
    })  # fmt: skip
    key = keys(("a", "2026-01-05"), ("a", "2026-02-01"), ("a", "2026-03-01"), ("b", "2026-03-01"))
    assert Lookup(rows, key, time="at", known="known_at").latest().tolist() == [-1, 0, 1, -1]
    assert Lookup(rows, key, time="at").latest().tolist() == [-1, 1, 1, -1]
    assert Lookup(rows, key, time="at").latest([True, False]).tolist() == [-1, 0, 0, -1]


def test_missing_values_neither_sum_nor_count():
    rows = pd.DataFrame({"account_id": ["a", "a"], "at": pd.to_datetime(["2026-01-05", "2026-01-06"])})
    pairs = Lookup(rows, keys(("a", "2026-02-01"), ("b", "2026-02-01")), time="at").window(30)
    values = [3.0, np.nan]
    assert pairs.sum(values).tolist() == [3.0, 0.0]
    np.testing.assert_array_equal(pairs.mean(values), [3.0, np.nan])
    assert pairs.distinct(["x", None]).tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(pairs.share([True, False]), [0.5, np.nan])
