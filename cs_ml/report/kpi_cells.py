"""One KPI figure as text, by its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cs_ml.report.words import NOTHING, Words

__all__ = ["interval_text", "key_of", "period_text", "value_text"]


def value_text(value: Any, unit: str, words: Words) -> str:
    """Write a value: shares in percent with one decimal, money without, a score in points.

    Examples
    --------
    >>> [value_text(0.3214, unit, Words("en")) for unit in ("share", "score", "count")]
    ['32.1 %', '+32.1', '0.321']
    """
    if value is None or pd.isna(value):
        return NOTHING
    if unit == "share":
        return words.percent(value, 1)
    if unit == "score":
        return words.signed(100 * float(value))
    return words.money(value) if unit == "money" else words.value(float(value))


def interval_text(row: Mapping[Any, Any], words: Words) -> str:
    """Write the interval beside a value, nothing where there is none.

    Examples
    --------
    >>> interval_text({"low": 0.225, "high": 0.432, "unit": "share"}, Words("en"))
    '22.5 % – 43.2 %'
    """
    low, high = row.get("low"), row.get("high")
    if low is None or pd.isna(low):
        return ""
    return f"{value_text(low, row['unit'], words)} – {value_text(high, row['unit'], words)}"


def period_text(start: Any, end: Any, words: Words) -> str:
    """Write a period that ends before a day: a whole month by its name, others by their first and last day.

    Examples
    --------
    >>> ends = pd.to_datetime(["2026-02-01", "2026-04-01"])
    >>> [period_text(pd.Timestamp("2026-01-01"), end, Words("en")) for end in ends]
    ['2026-01', '2026-01-01 – 2026-03-31']
    """
    if pd.isna(start):
        return NOTHING
    if start.day == 1 and end == start + pd.DateOffset(months=1):
        return f"{start:%Y-%m}"
    return f"{words.date(start)} – {words.date(end - pd.Timedelta(days=1))}"


def key_of(row: Mapping[Any, Any]) -> str:
    """Write name and definition as they are called in configs and files."""
    return str(row["kpi"]) if row["definition"] == "standard" else f"{row['kpi']}/{row['definition']}"
