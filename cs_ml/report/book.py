"""KPIs of the book over time, one tile each: the last value, its change, the shape of the series."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cs_ml.report.timecharts import sparkline
from cs_ml.report.words import Words

__all__ = ["book_tiles"]

MONEY = ("mrr", "arpa", "ltv", "retention_cost", "revenue", "sales", "cost")
SCORE = ("nps",)
PERCENT = ("rate", "nrr", "grr", "csat", "utilisation", "resolution")


def book_tiles(book: pd.DataFrame | None, words: Words) -> list[dict[str, Any]]:
    """Return one tile a KPI.

    Parameters
    ----------
    book
        One row a period, ascending; one numeric column a KPI. A KPI without any value is left out.
    words
        Language.

    Returns
    -------
    list of dict
        label, value, change and the drawing of the series.

    Examples
    --------
    >>> book = pd.DataFrame({"churn_rate": [0.02, 0.031]}, index=["2026-01", "2026-02"])
    >>> tile = book_tiles(book, Words("en"))[0]
    >>> tile["value"], tile["change"]
    ('3.1 %', '+1.1 pt')
    """
    if book is None:
        return []
    names = [name for name in book.select_dtypes("number") if book[name].notna().any()]
    return [_tile(str(name), book[name].astype("float64"), words) for name in names]


def _tile(name: str, series: pd.Series, words: Words) -> dict[str, Any]:
    """Return one tile."""
    kind, values = _kind(name), series.dropna()
    change = "" if len(values) < 2 else _change(values.iloc[-1], values.iloc[-2], kind, words)
    told = f"{words.label(name)}: {series.index[0]} - {series.index[-1]}"
    drawing = sparkline([float(value) for value in series], title=told)
    return {
        "label": words.label(name),
        "value": _written(values.iloc[-1], kind, words),
        "change": change,
        "drawing": drawing,
    }


def _kind(name: str) -> str:
    """Return how a KPI is read, by its name."""
    parts = name.split("_")
    if any(word in parts for word in PERCENT):
        return "percent"
    if any(word in parts for word in SCORE):
        return "score"
    return "money" if any(word in parts for word in MONEY) else "number"


def _written(value: float, kind: str, words: Words) -> str:
    """Write one value."""
    if kind == "percent":
        return words.percent(value)
    return words.money(value) if kind == "money" else words.value(value)


def _change(last: float, before: float, kind: str, words: Words) -> str:
    """Write the change since the period before: shares and scores as a difference, amounts relative to it."""
    if kind == "percent":
        return words.points(last - before)
    if kind == "score":
        return words.signed(last - before)
    change = last / before - 1 if before else float("nan")
    return "" if change != change else ("+" if change >= 0 else "") + words.percent(change, 1)  # noqa: PLR0124  NaN
