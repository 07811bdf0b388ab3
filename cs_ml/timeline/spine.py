"""The spine: which accounts we look at, on which dates, as known then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.grid import Every, calendar_grid
from cs_ml.timeline.terms import terms_known

__all__ = ["make_spine", "renewal_keys", "spine_index"]


def make_spine(
    tables: Tables,
    *,
    start: Any = None,
    end: Any = None,
    every: Every | Sequence[Any] = "month",
    before_renewal: Sequence[int] = (),
) -> pd.DataFrame:
    """Return one row for each account and date on which it was a customer as known then.

    With contracts, an account is on the spine when a line ran up to the last instant before ``as_of``; without
    contracts, from its first usage on.

    Parameters
    ----------
    tables
        Checked source tables.
    start, end
        First and last ``as_of``; the span of the data where missing.
    every
        Calendar grid, or the dates themselves.
    before_renewal
        Instead of a calendar, look these many days before the end of every term.

    Returns
    -------
    pandas.DataFrame
        Index (account_id, as_of), unique and sorted; column ``notice_given`` (bool): every running line had
        been cancelled with notice before ``as_of``.

    Raises
    ------
    NotEnoughData
        If no account was a customer on any of the dates.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> line = {"contract_line_id": "c", "account_id": "a", "start_at": "2026-01-10", "end_at": "2026-03-01", "mrr": 1}
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "contracts": pd.DataFrame([line])})
    >>> spine = make_spine(tables, start="2026-01-01", end="2026-04-01")
    >>> spine.index.get_level_values("as_of").strftime("%m-%d").tolist()
    ['02-01', '03-01']
    """
    clock = Clock(tables.zone)
    start, end = _span(tables, start, end)
    if "contracts" in tables:
        contracts = tables.frame("contracts")
        if before_renewal:
            keys = renewal_keys(contracts, before_renewal, start, end, clock)
        else:
            keys = _product(
                np.unique(np.asarray(contracts["account_id"], dtype=object)), calendar_grid(start, end, every)
            )
        spine = _with_contracts(contracts, keys, clock)
    else:
        spine = _with_usage(tables, calendar_grid(start, end, every), clock)
    if spine.empty:
        raise NotEnoughData(f"expected customers between {start.date()} and {end.date()}, found none; check the dates")
    return spine


def spine_index(accounts: Any, dates: Any) -> pd.MultiIndex:
    """Return a sorted index (account_id, as_of) from row-wise accounts and dates.

    Raises
    ------
    FrameError
        If an account has two rows for one date.
    """
    index = pd.MultiIndex.from_arrays(
        [pd.Index(accounts), pd.DatetimeIndex(np.asarray(dates, dtype="datetime64[us]"))], names=["account_id", "as_of"]
    )
    if index.has_duplicates:
        twice = index[index.duplicated()]
        raise FrameError(
            f"expected one row an account and date, found {len(twice):,} repeated, such as {twice[0]}; keep one"
        )
    return index.sort_values()


def renewal_keys(
    contracts: pd.DataFrame, days_before: Sequence[int], start: Any, end: Any, clock: Clock
) -> pd.MultiIndex:
    """Return the dates some days before each planned term end, where the term was known by then."""
    terms = contracts.loc[contracts["end_at"].notna(), ["account_id", "end_at", "known_at"]]
    ends = clock.day(terms["end_at"])
    accounts = np.tile(np.asarray(terms["account_id"], dtype=object), len(days_before))
    known = np.tile(clock.day(terms["known_at"]), len(days_before))
    days = np.concatenate([ends - before for before in days_before])
    dates = days.astype("datetime64[D]").astype("datetime64[us]")
    inside = (dates >= np.datetime64(start)) & (dates <= np.datetime64(end)) & (known < days)
    pairs = pd.DataFrame({"account_id": accounts[inside], "as_of": dates[inside]}).drop_duplicates()
    return spine_index(pairs["account_id"], pairs["as_of"])


def _span(tables: Tables, start: Any, end: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    last = tables.data_end if end is None else pd.Timestamp(end)
    if start is not None:
        return pd.Timestamp(start), last
    source = ("contracts", "start_at") if "contracts" in tables else ("usage", "event_at")
    first = tables.query("SELECT min(" + source[1] + ") AS first FROM {" + source[0] + "}")["first"].iloc[0]
    return pd.Timestamp(first).ceil("D"), last


def _product(accounts: np.ndarray, dates: pd.DatetimeIndex) -> pd.MultiIndex:
    return pd.MultiIndex.from_product([pd.Index(accounts), dates], names=["account_id", "as_of"])


def _with_contracts(contracts: pd.DataFrame, keys: pd.MultiIndex, clock: Clock) -> pd.DataFrame:
    terms = terms_known(contracts, keys, clock)
    running = terms.take(terms.running())
    lines, cancelled = running.pairs.count(), np.bincount(running.pairs.key, running.cancelled, minlength=len(keys))
    spine = pd.DataFrame({"notice_given": (lines > 0) & (cancelled == lines)}, index=keys)
    return spine[lines > 0]


def _with_usage(tables: Tables, dates: pd.DatetimeIndex, clock: Clock) -> pd.DataFrame:
    first = tables.query(
        "SELECT account_id, min(greatest(event_at, known_at)) AS first FROM {usage} GROUP BY ALL ORDER BY account_id"
    )
    keys = _product(np.asarray(first["account_id"], dtype=object), dates)
    seen = np.repeat(clock.day(first["first"]), len(dates)) < clock.date(keys.get_level_values("as_of"))
    return pd.DataFrame({"notice_given": False}, index=keys[seen])
