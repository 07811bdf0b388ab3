"""The source rows that a page of a date shows: cut once, before anything is drawn of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cs_ml.tables import Tables
from cs_ml.timeline import Clock
from cs_ml.timeline.shown import shown_rows, shown_versions, week_of

__all__ = ["account_rows", "attributes", "evidence", "versions"]

SHOWN_ATTRIBUTES = ("segment", "industry", "region", "csm")
EVIDENCE = ("contracts", "surveys", "voc")
SILENT_WEEKS = 13

Rows = Mapping[str, pd.DataFrame]


def account_rows(
    tables: Tables | None, accounts: Sequence[str], as_of: pd.Timestamp
) -> dict[str, dict[str, pd.DataFrame]]:
    """Return what a page may show, by account and table; each table is read once for all accounts.

    Parameters
    ----------
    tables
        Tables of the book, or ``None``.
    accounts
        Account ids.
    as_of
        Date of the page: nothing that happened or became known on it or later is returned.
    """
    found: dict[str, dict[str, pd.DataFrame]] = {account: {} for account in accounts}
    if tables is None:
        return found
    for name in (name for name in ("accounts", *EVIDENCE, "usage") if name in tables):
        rows = tables.frame(name, accounts)
        shown = (
            shown_versions(rows, as_of, Clock(tables.zone))
            if name == "accounts"
            else shown_rows(rows, tables.loaded[name].schema, as_of, Clock(tables.zone))
        )
        by_account = dict(iter(shown.groupby("account_id", sort=False)))
        for account in accounts:
            found[account][name] = by_account.get(account, shown.iloc[:0]).reset_index(drop=True)
    return found


def versions(tables: Tables, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the attributes of every account as they were before a date, indexed by account."""
    return shown_versions(tables.frame("accounts"), as_of, Clock(tables.zone)).set_index("account_id")


def attributes(rows: Rows) -> dict[str, object]:
    """Return name and attributes of an account as its page shows them."""
    known = "accounts" in rows and len(rows["accounts"])
    last = rows["accounts"].iloc[-1].dropna().to_dict() if known else {}
    return {name: last[name] for name in ("name", *SHOWN_ATTRIBUTES) if name in last}


def evidence(rows: Rows, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return what the page draws and quotes of the account's own rows, usage by whole weeks up to the date."""
    found = {name: rows[name] for name in EVIDENCE if name in rows}
    return found | ({"usage": _weekly(rows["usage"], _silent_since(rows, as_of), as_of)} if "usage" in rows else {})


def _weekly(usage: pd.DataFrame, since: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Count events and users a week; weeks without any are zero, up to the date."""
    week = week_of(usage["event_at"], as_of)
    weeks = pd.date_range(since if week.empty else week.min(), as_of, freq="7D", inclusive="left")
    counts = {"events_a_week": usage.groupby(week).size()}
    if "user_id" in usage:
        counts["users_a_week"] = usage.groupby(week)["user_id"].nunique()
    return pd.DataFrame({name: count.reindex(weeks, fill_value=0) for name, count in counts.items()})


def _silent_since(rows: Rows, as_of: pd.Timestamp) -> pd.Timestamp:
    """Return from when an account that was never used is drawn as silent: a quarter, or since its first contract."""
    first = rows["contracts"]["start_at"].min() if "contracts" in rows else pd.NaT
    started = pd.Series([first, as_of - pd.Timedelta(weeks=SILENT_WEEKS)]).max()
    return pd.Timestamp(week_of(pd.Series([min(started, as_of - pd.Timedelta(days=1))]), as_of)[0])
