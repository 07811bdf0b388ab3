"""The dates on which we look: calendar grids and dates before each renewal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from cs_ml.errors import ConfigError, Fault

__all__ = ["Every", "calendar_grid"]

Every = Literal["day", "week", "month", "quarter"]
FREQUENCIES = {"day": "D", "week": "W-MON", "month": "MS", "quarter": "QS"}


def calendar_grid(start: Any, end: Any, every: Every | Sequence[Any] = "month") -> pd.DatetimeIndex:
    """Return the dates of a calendar grid, both ends included.

    Parameters
    ----------
    start, end
        First and last date allowed.
    every
        ``day``, ``week`` (Mondays), ``month`` or ``quarter`` (first days), or the dates themselves.

    Raises
    ------
    ConfigError
        If no date lies between start and end, or the grid is unknown.

    Examples
    --------
    >>> calendar_grid("2026-01-15", "2026-03-01").strftime("%Y-%m-%d").tolist()
    ['2026-02-01', '2026-03-01']
    """
    first, last = pd.Timestamp(start).normalize(), pd.Timestamp(end).normalize()
    if not isinstance(every, str):
        dates = pd.DatetimeIndex(sorted({pd.Timestamp(item).normalize() for item in every}))
        dates = dates[(dates >= first) & (dates <= last)]
    elif every in FREQUENCIES:
        dates = pd.date_range(first, last, freq=FREQUENCIES[every])
    else:
        raise ConfigError(Fault("every", f"one of {', '.join(FREQUENCIES)}, or dates", repr(every)))
    if dates.empty:
        raise ConfigError(Fault("snapshot dates", f"a date between {first.date()} and {last.date()}", "none"))
    return dates.as_unit("us")
