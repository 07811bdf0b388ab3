"""Tables as they were known at a date: late rows gone, values revealed later hidden."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.tables.schema import Schema
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.future import revealed_later, unseen
from cs_ml.timeline.periods import ceil_day

__all__ = ["known_rows", "version_at"]

WIDTH = 1 << 21
ORIGIN = 1 << 20


def known_rows(rows: pd.DataFrame, schema: Schema, cut: pd.Timestamp | None) -> pd.DataFrame:
    """Return the rows known before an instant, without the values that were revealed on or after it.

    Parameters
    ----------
    rows
        Canonical rows.
    schema
        What says when rows and values are known.
    cut
        UTC instant; everything is known where it is missing.

    Examples
    --------
    >>> from cs_ml.tables import SCHEMAS
    >>> ticket = {"opened_at": "2026-01-05", "resolved_at": "2026-02-02", "known_at": "2026-01-05"}
    >>> rows = pd.DataFrame([ticket]).astype("datetime64[us]")
    >>> known_rows(rows, SCHEMAS["tickets"], pd.Timestamp("2026-02-01"))["resolved_at"].isna().tolist()
    [True]
    """
    if cut is None:
        return rows
    kept = rows[~unseen(rows, schema, cut)].reset_index(drop=True)
    for name, hidden in revealed_later(kept, schema, cut).items():
        kept[name] = kept[name].where(~hidden, None)
    return kept


def version_at(group: np.ndarray, valid_from: np.ndarray | None, n_groups: int, days: np.ndarray, clock: Clock
               ) -> np.ndarray:  # fmt: skip
    """Return the row of each group that held on each day: the newest version that had begun.

    Parameters
    ----------
    group
        Group of each row, ascending, shape (rows,).
    valid_from
        When each version began, ascending within a group; ``None`` where rows have no versions.
    n_groups
        How many groups there are.
    days
        Days asked for, shape (days,).
    clock
        Calendar of the book.

    Returns
    -------
    numpy.ndarray of int64
        Shape (groups, days); the first version on days before it, -1 for a group without rows.

    Examples
    --------
    >>> begun = np.array(["1970-01-01", "1970-01-11", "1970-01-01"], dtype="datetime64[us]")
    >>> version_at(np.array([0, 0, 1]), begun, 3, np.array([5, 10]), Clock()).tolist()
    [[0, 1], [2, 2], [-1, -1]]
    """
    first = np.searchsorted(group, np.arange(n_groups))
    stop = np.searchsorted(group, np.arange(n_groups), side="right")
    if valid_from is None:
        newest = np.repeat((stop - 1)[:, None], len(days), axis=1)
    else:
        begun = np.clip(ceil_day(clock, valid_from) + ORIGIN, 0, WIDTH - 1)  # a missing start lies before all days
        asked = np.arange(n_groups)[:, None] * WIDTH + days[None, :] + ORIGIN
        newest = np.searchsorted(group * WIDTH + begun, asked, side="right") - 1
    return np.where((stop > first)[:, None], np.maximum(newest, first[:, None]), -1)
