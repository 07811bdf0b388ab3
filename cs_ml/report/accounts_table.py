"""The list of all accounts as data for the page's script: columns that occur, rows as plain lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from cs_ml.report.summary import has
from cs_ml.report.words import Words

__all__ = ["account_rows", "page_address"]

COLUMNS = {  # name: how the script shows it
    "name": "text",
    "segment": "text",
    "csm": "text",
    "health": "health",
    "health_change": "change",
    "p_churn": "percent",
    "p_upsell": "percent",
    "mrr": "money",
    "expected_loss": "money",
}
DIGITS = {"health": 1, "health_low": 0, "health_high": 0, "health_change": 1, "p_churn": 4, "p_upsell": 4}
BESIDE = ("band", "health_low", "health_high", "health_reason")  # carried along, shown inside other cells


def account_rows(
    now: pd.DataFrame,
    before: pd.DataFrame | None,
    reasons: Mapping[str, str],
    links: Mapping[str, str],
    words: Words,
    *,
    first: str | None = None,
) -> dict[str, Any]:
    """Return columns and rows for the script.

    Parameters
    ----------
    now, before
        Scores of the newest date, and of the date before or None.
    reasons
        Sentence by account.
    links
        Address by account.
    words
        Language.
    first
        Column whose largest values come first; what is most pressing where missing: expected loss, risk, poor health.

    Returns
    -------
    dict
        ``columns`` (name, label, kind), ``fields`` (what each place of a row is), ``rows`` in order, ``first``, and
        the language.

    Examples
    --------
    >>> now = pd.DataFrame({"health": [62.04, None]}, index=pd.Index(["a", "b"], name="account_id"))
    >>> found = account_rows(now, None, {"a": "why"}, {}, Words("en"))
    >>> found["fields"], found["rows"]
    (['account_id', 'health', 'reason'], [['a', 62.0, 'why'], ['b', None, None]])
    """
    frame = _ordered(_with_change(now, before), first)
    shown = [name for name in COLUMNS if has(frame, name)]
    beside = [name for name in BESIDE if has(frame, name)]
    fields: dict[str, list[Any]] = {"account_id": [str(account) for account in frame.index]}
    fields |= {name: _plain(frame[name], DIGITS.get(name, 2)) for name in [*shown, *beside]}
    if reasons:
        fields["reason"] = [reasons.get(account) for account in fields["account_id"]]
    if links:
        fields["link"] = [page_address(links.get(account)) for account in fields["account_id"]]
    kinds = (
        {"account_id": "account"} | {name: COLUMNS[name] for name in shown} | ({"reason": "text"} if reasons else {})
    )
    return {
        "lang": words.lang,
        "first": first,
        "columns": [{"name": name, "label": words.label(name), "kind": kind} for name, kind in kinds.items()],
        "fields": list(fields),
        "rows": [list(row) for row in zip(*fields.values(), strict=True)],
    }


def page_address(address: str | None) -> str | None:
    """Return a relative address that a browser can only read as a file beside the page.

    Parameters
    ----------
    address
        Relative path, such as ``accounts/a1.html``.

    Returns
    -------
    str or None
        The path with every character that means something quoted.

    Examples
    --------
    >>> page_address("accounts/a 1.html"), page_address("javascript:alert(1)")
    ('accounts/a%201.html', 'javascript%3Aalert%281%29')
    """
    return None if address is None else quote(address.lstrip("/"), safe="/.-_~")


def _with_change(now: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """Add how health moved since the date before."""
    if before is None or not has(now, "health") or not has(before, "health"):
        return now
    return now.assign(health_change=now["health"] - before["health"].reindex(now.index))


def _ordered(frame: pd.DataFrame, first: str | None) -> pd.DataFrame:
    """Sort by a column, or else by what is most pressing; ties by account."""
    chosen = () if first is None else ((first, False),)
    for column, ascending in (*chosen, ("expected_loss", False), ("p_churn", False), ("health", True)):
        if has(frame, column):
            return frame.sort_index().sort_values(column, ascending=ascending, na_position="last", kind="stable")
    return frame.sort_index()


def _plain(column: pd.Series, digits: int) -> list[Any]:
    """Return a column as texts or rounded numbers, None where null."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = np.round(column.to_numpy(dtype=np.float64, na_value=np.nan), digits)
        return [float(number) if np.isfinite(number) else None for number in numbers]
    return [None if pd.isna(value) else str(value) for value in column]
