"""An independent oracle: what plain SQL in sqlite3 says about the same rows."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
from builders import keys
from hypothesis import settings
from hypothesis import strategies as st

LAWFUL = settings(max_examples=40, deadline=None)
DAY0 = pd.Timestamp("2024-12-20")
KEYS = keys(
    *[(account, date) for account in "abz" for date in ("2024-12-21", "2025-06-01", "2025-12-31", "2026-12-25")]
)
HOUR = st.integers(0, 24 * 380)


def instants(hours) -> pd.Series:
    return pd.Series(
        [None if hour is None else DAY0 + pd.Timedelta(hours=hour) for hour in hours], dtype="datetime64[us]"
    )


def in_sql(sql: str, **tables: pd.DataFrame) -> pd.DataFrame:
    """Answer with plain SQL, one row a key."""
    with sqlite3.connect(":memory:") as database:
        KEYS.to_frame(index=False).reset_index(names="at").to_sql("keys", database, index=False)
        for name, rows in tables.items():
            rows.reset_index(names="row").to_sql(name, database, index=False)
        return pd.read_sql(sql, database).sort_values("at").drop(columns="at").astype(float, errors="ignore")


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name].astype(float), rtol=1e-12, atol=1e-12, err_msg=name)
