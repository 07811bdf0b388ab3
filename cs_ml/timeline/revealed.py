"""When a value was known: with its row, or later, as the catalog or a companion column says."""

from __future__ import annotations

import pandas as pd

from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.revealed import SUFFIX

__all__ = ["known_from", "revealed_at"]


def known_from(rows: pd.DataFrame, instant: str) -> pd.Series:
    """Return when each instant was known: itself, or later where a table's knowledge lags behind.

    Parameters
    ----------
    rows
        Rows of a table.
    instant
        Column such as ``answered_at``, which says when something happened after the row was known.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-01-05"])
    >>> known_from(pd.DataFrame({"answered_at": at, "answered_at_known_at": at + pd.Timedelta(days=2)}), "answered_at")
    0   2026-01-07
    Name: answered_at, dtype: datetime64[us]
    """
    return rows[f"{instant}{SUFFIX}" if f"{instant}{SUFFIX}" in rows else instant].rename(instant)


def revealed_at(rows: pd.DataFrame, table: str, column: str) -> pd.Series | None:
    """Return when each value of a column was revealed; ``None`` for values that are known with their row.

    Parameters
    ----------
    rows
        Rows of a table.
    table
        Canonical name of the table.
    column
        Its column.
    """
    if f"{column}{SUFFIX}" in rows:
        return known_from(rows, column)
    if table not in SCHEMAS:
        return None
    moments = [rows[name] for name in SCHEMAS[table].column(column).reveals if name in rows]
    if not moments:
        return None
    first = moments[0]
    for moment in moments[1:]:
        first = first.fillna(moment)
    return first
