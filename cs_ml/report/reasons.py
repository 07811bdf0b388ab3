"""Drivers as a page shows them: one reason a row of the list, all of them where an account is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.report.charts import bar
from cs_ml.report.summary import require_columns
from cs_ml.report.words import Words

__all__ = ["digits_of", "driver_rows", "is_shown", "newest", "signed_bar", "top_reasons"]

NEEDED = {"account_id", "as_of", "target", "rank", "feature", "theme", "points", "role"}
ROLES = ("lever", "signal", "context")
WANTED = {"churn": -1, "upsell": 1, "health": 1}  # the sign that is good news
TOWARDS = {
    "risk": (("churn", 1.0), ("health", -1.0)),
    "growth": (("upsell", 1.0),),
}  # target and sign, first choice first


def newest(drivers: pd.DataFrame, as_of: Any) -> pd.DataFrame:
    """Return the drivers of one date, by rank; without a column ``stable`` every sign counts as stable."""
    require_columns(drivers, NEEDED, "drivers")
    rows: pd.DataFrame = drivers[drivers["as_of"] == as_of].sort_values("rank", kind="stable")
    return rows if "stable" in rows else rows.assign(stable=True)


def top_reasons(drivers: pd.DataFrame | None, lang: str, *, towards: str) -> dict[str, str]:
    """Return for each account the first stable driver that points to risk, or to growth; a mere context comes last.

    Parameters
    ----------
    drivers
        Drivers of one date, by rank (see :func:`newest`), or None.
    lang
        "en" or "ja".
    towards
        "risk" (drivers of churn that raise it, else of health that lower it) or "growth" (drivers of upsell that
        raise it).

    Returns
    -------
    dict
        Sentence by account; accounts without such a driver are absent.

    Examples
    --------
    >>> day = pd.Timestamp("2026-01-01")
    >>> frame = pd.DataFrame({"account_id": ["a", "a"], "as_of": day, "target": "churn", "rank": [1, 2],
    ...                       "feature": ["x", "y"], "theme": "usage", "points": [-0.5, 0.2], "role": "signal",
    ...                       "stable": True, "sentence_en": ["stays", "leaves"]})
    >>> top_reasons(frame, "en", towards="risk")
    {'a': 'leaves'}
    """
    if drivers is None:
        return {}
    found: dict[str, str] = {}
    for target, sign in reversed(TOWARDS[towards]):
        fits = drivers[(drivers["target"] == target) & drivers["stable"] & (drivers["points"] * sign > 0)]
        context_last = fits.sort_values("role", key=lambda role: role == "context", kind="stable")
        first = context_last.drop_duplicates("account_id")
        found |= dict(zip(first["account_id"], sentences_of(first, lang), strict=True))
    return found


def sentences_of(rows: pd.DataFrame, lang: str) -> list[str]:
    """Return the sentence of each driver, or its feature's name where it has none."""
    column = rows.get(f"sentence_{lang}", rows["feature"])
    return [str(text) for text in column.where(column.notna(), rows["feature"])]


def digits_of(target: str) -> int:
    """Return with how many decimals points are written: health points with one, log-odds with two."""
    return 1 if target == "health" else 2


def is_shown(points: float, target: str) -> bool:
    """Tell whether points are written as anything but zero.

    Examples
    --------
    >>> is_shown(0.04, "health"), is_shown(0.04, "churn")
    (False, True)
    """
    return float(f"{points:.{digits_of(target)}f}") != 0


def driver_rows(rows: pd.DataFrame, words: Words) -> dict[str, list[dict[str, Any]]]:
    """Return the drivers of one account and target as rows of a table, levers apart from signals; zeros are left out.

    Parameters
    ----------
    rows
        Drivers of one account, date and target, by rank.
    words
        Language.

    Returns
    -------
    dict
        Role (lever, signal, context; empty ones left out) to rows of sentence, theme, points, bar, stable.

    Examples
    --------
    >>> rows = pd.DataFrame({"feature": ["x"], "theme": ["usage"], "points": [0.5], "role": ["lever"],
    ...                      "stable": [True], "target": ["churn"]})
    >>> driver_rows(rows, Words("en"))["lever"][0]["points"]
    '+0.50'
    """
    limit = float(np.abs(rows["points"]).max()) if len(rows) else 1.0
    drawn: dict[str, list[dict[str, Any]]] = {role: [] for role in ROLES}
    for row, sentence in zip(rows.to_dict("records"), sentences_of(rows, words.lang), strict=True):
        if not is_shown(row["points"], row["target"]):
            continue
        role = row["role"] if row["role"] in ROLES else "context"
        drawn[role].append(
            {
                "sentence": sentence,
                "theme": words.level(row["theme"]),
                "points": words.signed(row["points"], digits_of(row["target"])),
                "bar": signed_bar(row["points"], limit, row["target"], sentence),
                "stable": bool(row.get("stable", True)),
            }
        )
    return {role: kept for role, kept in drawn.items() if kept}


def signed_bar(points: float, limit: float, target: str, title: str) -> Any:
    """Draw points red where they go with what nobody wants, green where with what is wanted, blue where nobody said."""
    if target not in WANTED:
        return bar(points, limit or 1.0, title=title, class_="accent")
    return bar(points, limit or 1.0, title=title, class_="green" if points * WANTED[target] > 0 else "red")
