"""The rows of usage that were known before a date, as a relation for SQL: the big table never leaves its engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["usage_known"]


def usage_known(tables: Tables, until: Any) -> str:
    """Return SQL text of the rows that happened and were known before a date, for :meth:`cs_ml.tables.Tables.query`.

    Parameters
    ----------
    tables
        Checked source tables, ``usage`` among them.
    until
        A day of the book's calendar.

    Examples
    --------
    >>> import pandas as pd
    >>> from cs_ml.tables import open_tables
    >>> usage = pd.DataFrame({"account_id": ["a", "a"], "event_at": ["2026-01-31", "2026-02-01"]})
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": usage})
    >>> tables.query(f"SELECT count(*) AS n FROM {usage_known(tables, '2026-02-01')}")["n"].item()
    1
    """
    moment = Clock(tables.zone).instant(np.array([until], dtype="datetime64[D]"))[0]
    return "(SELECT * FROM {usage} WHERE greatest(event_at, known_at) < TIMESTAMP '" + f"{moment}')"  # noqa: S608  no user's text in it
