"""How well the product is used: dormant, low, core or power, and how accounts move between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.timeline.lookup import ratio
from cs_ml.timeline.periods import ceil_day
from cs_ml.timeline.terms import NEVER

__all__ = ["ABSENT", "CORE", "LEVELS", "features_in_use", "levels", "transitions", "used_features"]

LEVELS = ("dormant", "low", "core", "power")
DORMANT, LOW, CORE, POWER = range(4)
ABSENT = -1
DAYS_A_WEEK = 7
LOW_BELOW = {"days": 1.0, "seats": 0.25}
POWER_FROM = {"days": 3.0, "seats": 0.6, "depth": 0.5}


def levels(book: Book) -> np.ndarray:
    """Return the level of each account and period, -1 for accounts that are no customers at the end of it.

    Dormant: no event in the period. Low: on less than one day a week, or less than a quarter of the seats in use.
    Power: on three days a week and more, at least 0.6 of the seats, half of the contracted features. Core: the others.
    What is not known (seats, features) stands in no one's way.

    Parameters
    ----------
    book
        A book with usage.

    Returns
    -------
    numpy.ndarray of int64
        Shape (accounts, periods): positions in ``LEVELS``.
    """
    found: np.ndarray = book.once("levels", _levels)
    return found


def _levels(book: Book) -> np.ndarray:
    weeks = ((book.periods.end - book.periods.start) / DAYS_A_WEEK)[None, :]
    days, seats, depth = book.used["days"] / weeks, _seat_share(book), _depth(book)
    low = (days < LOW_BELOW["days"]) | (seats < LOW_BELOW["seats"])
    power = (days >= POWER_FROM["days"]) & ~(seats < POWER_FROM["seats"]) & ~(depth < POWER_FROM["depth"])
    found = np.select([book.used["events"] == 0, low, power], [DORMANT, LOW, POWER], CORE)
    return np.where(book.present, found, ABSENT)


def transitions(book: Book) -> pd.DataFrame:
    """Return how many accounts moved from level to level between each period and the next.

    Parameters
    ----------
    book
        A book with usage.

    Returns
    -------
    pandas.DataFrame
        period_start (of the later period), level_from, level_to, accounts; accounts that are customers at the end of
        one of the two periods only come from, or go, ``absent``.
    """
    found, names = levels(book) + 1, np.asarray(("absent", *LEVELS), dtype=object)
    dates = book.periods.dates()["period_start"]
    parts = []
    for later in range(1, len(book.periods)):
        pairs, counts = np.unique(found[:, later - 1] * len(names) + found[:, later], return_counts=True)
        columns = {"level_from": names[pairs // len(names)], "level_to": names[pairs % len(names)], "accounts": counts}
        parts.append(pd.DataFrame({"period_start": dates[later], **columns})[pairs > 0])
    empty = pd.DataFrame(columns=["period_start", "level_from", "level_to", "accounts"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def features_in_use(book: Book) -> tuple[np.ndarray, np.ndarray]:
    """Return how many contracted features each account used, and how many it has, shape (accounts, periods)."""
    found: tuple[np.ndarray, np.ndarray] = book.once("features_in_use", _features_in_use)
    return found


def used_features(book: Book) -> pd.DataFrame:
    """Return one row an account, period and feature that was used."""
    found: pd.DataFrame = book.once("used_features", lambda one: one.reader.features())
    return found


def _features_in_use(book: Book) -> tuple[np.ndarray, np.ndarray]:
    rows = book.frame("entitlements")
    first = ceil_day(book.clock, rows["valid_from"]) if "valid_from" in rows else np.zeros(len(rows), np.int64)
    until = rows["valid_to"].fillna(NEVER) if "valid_to" in rows else pd.Series(NEVER, index=rows.index)
    row, period = book.periods.at_end(first, ceil_day(book.clock, until))
    codes, names = pd.factorize(
        pd.concat([pd.Series(book.reader.feature_names), rows["feature"]]).to_numpy(dtype=object)
    )
    code, used = codes[len(book.reader.feature_names) :], used_features(book)  # features are coded alike on both sides
    n_accounts, n_periods = book.shape

    def keys(account: Any, period: Any, feature: Any) -> np.ndarray:
        return np.asarray((account * n_periods + period) * len(names) + feature, dtype=np.int64)

    contracted = _sorted_once(keys(rows["account"].to_numpy()[row], period, code[row]))
    in_use = np.append(np.sort(keys(*(used[name].to_numpy() for name in ("account", "period", "code")))), -1)
    both = contracted[in_use[np.searchsorted(in_use[:-1], contracted)] == contracted]
    used_count, all_count = (
        np.bincount(found // max(len(names), 1), minlength=n_accounts * n_periods).reshape(book.shape).astype(float)
        for found in (both, contracted)
    )
    return used_count, all_count


def _sorted_once(keys: np.ndarray) -> np.ndarray:
    ordered = np.sort(keys)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


def _seat_share(book: Book) -> np.ndarray:
    if book.lacks(("contracts.seats", "usage.user_id")):
        return np.full(book.shape, np.nan)
    return ratio(book.used["users"], book.contracts.seats())


def _depth(book: Book) -> np.ndarray:
    if book.lacks(("entitlements", "usage.feature")):
        return np.full(book.shape, np.nan)
    return ratio(*features_in_use(book))
