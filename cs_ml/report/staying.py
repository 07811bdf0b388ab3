"""How long an account may stay, and whom to work on first: a curve, a few figures, a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cs_ml.report.timecharts import line
from cs_ml.report.words import NOTHING, Words

__all__ = ["priority_rows", "staying"]

LEAVING = ("p_leave_30", "p_leave_90", "p_leave_180", "p_leave_365")


def staying(
    curve: pd.DataFrame | None, now: Mapping[Any, Any], as_of: pd.Timestamp, currency: str | None, words: Words
) -> dict[str, Any] | None:
    """Return the survival curve of an account and what follows from it.

    Parameters
    ----------
    curve
        One row a ``day`` from ``as_of`` on: ``stays``, and where known ``low`` and ``high``; or None.
    now
        Newest scores of the account: ``p_leave_<days>``, ``stay_months``, ``ltv`` and ``at_stake`` where known.
    as_of
        Date from which the curve begins.
    currency
        Three-letter code of the money.
    words
        Language.

    Returns
    -------
    dict or None
        ``chart``, and ``leaving`` and ``figures``, pairs of label and text; None without a curve.
    """
    if curve is None or curve.empty:
        return None
    when = [as_of + pd.Timedelta(days=int(day)) for day in curve["day"]]
    known = {"low", "high"} <= set(curve) and bool(curve["low"].notna().all())
    ends: dict[str, Any] = {name: list(curve[name].astype(float)) for name in ("low", "high")} if known else {}
    title, top = words("survival_curve"), (0.0, 1.0)
    chart = line(when, list(curve["stays"].astype(float)), title=title, ends=top, percent=True, size=(560, 200), **ends)
    risks = [(name.removeprefix("p_leave_"), now[name]) for name in LEAVING if name in now]
    leaving = [(words("within_days", days=days), words.percent(risk)) for days, risk in risks]
    return {"chart": chart, "leaving": leaving, "figures": _figures(now, currency, words)}


def priority_rows(first: pd.DataFrame | None, now: pd.DataFrame, words: Words) -> list[dict[str, Any]]:
    """Return the accounts to work on first as texts, in their order.

    Parameters
    ----------
    first
        ``rank``, ``account_id``, ``p_leave``, ``mrr``, ``term_months``, ``at_stake`` and its interval, ``covered``; or
        None.
    now
        Newest scores by account_id, for names and bands.
    words
        Language.

    Examples
    --------
    >>> row = {"rank": 1, "account_id": "a", "p_leave": 0.5, "mrr": 10.0, "term_months": 6.0, "at_stake": 30.0}
    >>> now = pd.DataFrame({"name": ["Acme"]}, index=pd.Index(["a"], name="account_id"))
    >>> found = priority_rows(pd.DataFrame([{**row, "covered": 1.0}]), now, Words("en"))[0]
    >>> found["name"], found["at_stake"], found["interval"], found["covered"]
    ('Acme', '30', '–', '100 %')
    """
    return [] if first is None else [_row(row, now, words) for row in first.to_dict("records")]


def _row(row: Mapping[Any, Any], now: pd.DataFrame, words: Words) -> dict[str, Any]:
    account = str(row["account_id"])
    known = now.loc[account] if account in now.index else pd.Series(dtype=object)
    name, band = known.get("name"), known.get("band")
    return {
        "rank": words.number(row["rank"]),
        "account_id": account,
        "name": name if isinstance(name, str) else account,
        "band": band if isinstance(band, str) else None,
        "p_leave": words.percent(row["p_leave"]),
        "mrr": words.money(row["mrr"]),
        "term_months": words.number(row["term_months"], 1),
        "at_stake": words.money(row["at_stake"]),
        "interval": _span(row, "at_stake", words.money),
        "covered": words.percent(row["covered"]),
    }


def _figures(now: Mapping[Any, Any], currency: str | None, words: Words) -> list[tuple[str, str]]:
    """Return the remaining stay, its value and what is at stake, each with its interval."""
    unit = f" {currency}" if currency else ""
    found = []
    for name, ending, write in (
        ("stay_months", "", words.number),
        ("ltv", unit, words.money),
        ("at_stake", unit, words.money),
    ):
        if name in now and not pd.isna(now[name]):
            span = _span(now, name, write)
            told = f"{write(now[name])}{ending}"
            found.append((words.label(name), told if span == NOTHING else f"{told} ({span})"))
    return found


def _span(row: Mapping[Any, Any], name: str, write: Callable[[Any], str]) -> str:
    """Return an interval as text."""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return NOTHING
    return f"{write(low)} - {write(high)}"
