"""Whom to work on first: a list of accounts with most at stake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cs_ml.report.cells import interval
from cs_ml.report.words import Words

__all__ = ["priority_rows"]


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
        "interval": interval(row, "at_stake", words.money),
        "covered": words.percent(row["covered"]),
    }
