"""An independent answer: plain SQL in sqlite over the same rows, one answer a key."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
from builders import keys
from hypothesis import settings
from hypothesis import strategies as st

from cs_ml.engine.bucket import Bucket

LAWFUL = settings(max_examples=40, deadline=None)
DAY0 = pd.Timestamp("2024-12-20")
DATES = ("2024-12-21", "2025-06-01", "2025-12-31", "2026-12-25")
KEYS = keys(*[(account, date) for account in "abz" for date in DATES])
EDGES = sorted(
    int((pd.Timestamp(date) - DAY0) / pd.Timedelta(hours=1)) - 24 * days
    for date in DATES
    for days in (0, 1, 7, 30, 31, 90, 180, 365)
)
HOUR = st.integers(0, 24 * 380) | st.sampled_from([hour for hour in EDGES if hour >= 0])
WAIT = st.sampled_from([0, 1, 23, 24, 24 * 7, 24 * 8, 24 * 31, 24 * 200])
LATE = st.sampled_from([0, 0, 1, 30, 24 * 40])


def instants(hours) -> pd.Series:
    """Return moments so many hours after the first day; ``None`` is a missing one."""
    return pd.Series(
        [None if hour is None else DAY0 + pd.Timedelta(hours=hour) for hour in hours], dtype="datetime64[us]"
    )


def later(hours, waits) -> list[int | None]:
    """Add waits to hours; missing where either is."""
    return [None if None in (hour, wait) else hour + wait for hour, wait in zip(hours, waits, strict=True)]


def columns(drawn, width: int) -> list[tuple]:
    """Return the columns of drawn rows."""
    return list(zip(*drawn, strict=True)) if drawn else [()] * width


def held(**tables: pd.DataFrame) -> Bucket:
    """Return a bucket of the accounts of the keys."""
    return Bucket(np.array(["a", "b", "z"], dtype=object), tables)


def in_sql(sql: str, **tables: pd.DataFrame) -> pd.DataFrame:
    """Answer with plain SQL, one row a key."""
    with sqlite3.connect(":memory:") as database:
        KEYS.to_frame(index=False).reset_index(names="at").to_sql("keys", database, index=False)
        for name, rows in tables.items():
            rows.reset_index(names="row").to_sql(name, database, index=False)
        return pd.read_sql(sql, database).sort_values("at").drop(columns="at")


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare every column of both: numbers to the last digits but two, words exactly."""
    assert set(found) == set(expected)
    for name in expected:
        if not pd.api.types.is_numeric_dtype(found[name]):
            said = [column.astype(object).where(column.notna(), None) for column in (found[name], expected[name])]
            assert said[0].tolist() == said[1].tolist(), name
        else:
            np.testing.assert_allclose(found[name], expected[name].astype(float), rtol=1e-12, atol=1e-12, err_msg=name)


def assert_some(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare the columns that SQL answers."""
    assert_same(found[list(expected)], expected)
