"""How long an account may stay: a curve and a few figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cs_ml.report.cells import interval
from cs_ml.report.timecharts import line
from cs_ml.report.words import NOTHING, Words

__all__ = ["survival"]

LEAVING = ("p_leave_30", "p_leave_90", "p_leave_180", "p_leave_365")


def survival(
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
            span = interval(now, name, write)
            told = f"{write(now[name])}{ending}"
            found.append((words.label(name), told if span == NOTHING else f"{told} ({span})"))
    return found
