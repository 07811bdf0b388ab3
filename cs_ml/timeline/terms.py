"""Contract terms as they were known at a date, or as they really went: which lines ran, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.tables.revealed import SUFFIX
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup, Pairs

__all__ = ["Terms", "effective_end", "terms_known", "terms_real"]

NEVER = np.datetime64("2262-01-01", "us")


@dataclass(frozen=True)
class Terms:
    """Contract lines of each key's account: those known before it with their end as known then, or all as they went.

    Parameters
    ----------
    pairs
        One entry a (key, line) pair, lines sorted by start.
    start, end
        Day each line of the pairs starts, and the day it ends, as known then or really.
    cancelled
        Whether the end is a cancellation, known before the ``as_of`` or real.
    as_of
        Day of each key.
    """

    pairs: Pairs
    start: np.ndarray
    end: np.ndarray
    cancelled: np.ndarray
    as_of: np.ndarray

    def running(self, grace_days: int = 0) -> np.ndarray:
        """Tell for each pair whether the line ran up to the last instant before ``as_of``, or ended shortly before."""
        day = self.as_of[self.pairs.key]
        return np.asarray((self.start < day) & (self.end + grace_days >= day))

    def starting(self, gap: int, days: int) -> np.ndarray:
        """Tell for each pair whether the line starts in ``[as_of + gap, as_of + gap + days)``."""
        return self._ahead(self.start, gap, days)

    def ending(self, gap: int, days: int) -> np.ndarray:
        """Tell for each pair whether the line ends in ``[as_of + gap, as_of + gap + days)``."""
        return self._ahead(self.end, gap, days)

    def ended(self, gap: int) -> np.ndarray:
        """Tell for each pair whether the line ends before ``as_of + gap``."""
        return np.asarray(self.end < self.as_of[self.pairs.key] + gap)

    def any(self, mask: np.ndarray) -> np.ndarray:
        """Tell for each key whether a condition holds for any of its pairs."""
        return np.asarray(np.bincount(self.pairs.key[mask], minlength=self.pairs.n_keys) > 0)

    def first(self, day: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the first of the days whose pairs meet a condition, by key; NaN where none does."""
        first = np.full(self.pairs.n_keys, np.inf)
        np.minimum.at(first, self.pairs.key[mask], day[mask].astype(float))
        return np.where(np.isinf(first), np.nan, first)

    def running_at(self, days_before: int) -> np.ndarray:
        """Tell for each pair whether the line ran some days before ``as_of``."""
        day = self.as_of[self.pairs.key] - days_before
        return np.asarray((self.start < day) & (self.end >= day))

    def total(self, values: Any) -> np.ndarray:
        """Return the sum of a column over the pairs, by key; NaN where no line has a value."""
        array = np.asarray(values, dtype=float)
        present = self.pairs.where(~np.isnan(array))
        return np.where(present.count() > 0, present.sum(array), np.nan)

    def take(self, mask: np.ndarray) -> Terms:
        """Keep the pairs that meet a condition."""
        pairs = Pairs(self.pairs.key[mask], self.pairs.row[mask], self.pairs.n_keys)
        return Terms(pairs, self.start[mask], self.end[mask], self.cancelled[mask], self.as_of)

    def _ahead(self, day: np.ndarray, gap: int, days: int) -> np.ndarray:
        left = day - self.as_of[self.pairs.key] - gap
        return np.asarray((left >= 0) & (left < days))


def terms_known(contracts: pd.DataFrame, keys: pd.Index, clock: Clock) -> Terms:
    """Return the contract lines known before each key.

    Parameters
    ----------
    contracts
        Contract lines with at least ``account_id``, ``start_at`` and ``known_at``.
    keys
        Index with levels ``account_id`` and ``as_of``.
    clock
        Calendar of the book.

    Notes
    -----
    A planned end is known with the line. A cancellation is known when notice was given or, without notice, when
    it took effect.

    Examples
    --------
    >>> line = {"account_id": "a", "start_at": "2026-01-01", "end_at": "2027-01-01", "known_at": "2026-01-01"}
    >>> dated = pd.DataFrame([line]).astype(dict.fromkeys(["start_at", "end_at", "known_at"], "datetime64[us]"))
    >>> keys = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-06-01"))], names=["account_id", "as_of"])
    >>> bool(terms_known(dated, keys, Clock()).running()[0])
    True
    """
    lookup = Lookup(contracts, keys, time="known_at", clock=clock)
    pairs = lookup.window(None)
    start = clock.day(contracts["start_at"])
    pairs = _by_start(pairs, start)
    start = start[pairs.row]
    planned = clock.day(_column(contracts, "end_at").fillna(NEVER))[pairs.row]
    cancelled_at = _column(contracts, "cancelled_at")
    known_at = _column(contracts, f"cancelled_at{SUFFIX}").fillna(
        _column(contracts, "cancel_requested_at").fillna(cancelled_at)
    )
    as_of = clock.date(keys.get_level_values("as_of"))
    known = np.asarray(cancelled_at.notna() & known_at.notna())[pairs.row]
    known &= clock.day(known_at)[pairs.row] < as_of[pairs.key]
    end = np.where(known, np.minimum(planned, clock.day(cancelled_at)[pairs.row]), planned)
    return Terms(pairs, start, end, known, as_of)


def terms_real(contracts: pd.DataFrame, keys: pd.Index, clock: Clock) -> Terms:
    """Return every contract line of each key's account as it really went, whenever it became known: for labels only.

    Lines that ended before they began are left out.

    Parameters
    ----------
    contracts, keys, clock
        As for :func:`terms_known`.

    Examples
    --------
    >>> line = {"account_id": "a", "start_at": "2026-01-01", "end_at": "2027-01-01", "cancelled_at": "2026-08-01"}
    >>> names = ["start_at", "end_at", "cancelled_at"]
    >>> dated = pd.DataFrame([line]).astype(dict.fromkeys(names, "datetime64[us]"))
    >>> keys = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-06-01"))], names=["account_id", "as_of"])
    >>> terms_real(dated, keys, Clock()).ending(0, 90).tolist()
    [True]
    """
    end = clock.day(effective_end(contracts))
    start = clock.day(contracts["start_at"])
    ran = np.asarray(effective_end(contracts) > contracts["start_at"], dtype=bool)
    accounts = [
        np.asarray(values, dtype=object) for values in (keys.get_level_values("account_id"), contracts["account_id"])
    ]
    left = pd.DataFrame({"account": accounts[0], "key": np.arange(len(keys))})
    right = pd.DataFrame({"account": accounts[1], "row": np.arange(len(contracts)), "start": start})[ran]
    both = left.merge(right, on="account").sort_values(["key", "start", "row"])
    key, row = (both[name].to_numpy(dtype=np.int64) for name in ("key", "row"))
    cancelled = np.asarray(_column(contracts, "cancelled_at").notna())[row]
    pairs = Pairs(key, row, len(keys))
    return Terms(pairs, start[row], end[row], cancelled, clock.date(keys.get_level_values("as_of")))


def effective_end(contracts: pd.DataFrame) -> pd.Series:
    """Return when each line really ended or will end, as known now.

    Returns
    -------
    pandas.Series of datetime64
        The earlier of planned end and cancellation; a far future date for open-ended lines.

    Examples
    --------
    >>> line = {"start_at": "2026-01-01", "end_at": "2027-01-01", "cancelled_at": "2026-03-01"}
    >>> effective_end(pd.DataFrame([line]).astype("datetime64[us]"))[0]
    Timestamp('2026-03-01 00:00:00')
    """
    planned = _column(contracts, "end_at").fillna(NEVER)
    return planned.where(~(_column(contracts, "cancelled_at") < planned), _column(contracts, "cancelled_at"))


def _by_start(pairs: Pairs, start: np.ndarray) -> Pairs:
    """Sort the lines of each key by start; mostly they are, because they are known in that order."""
    order = np.lexsort((np.arange(len(start)), start))
    rank = np.empty(len(start), np.int64)
    rank[order] = np.arange(len(start))
    packed = pairs.key * len(start) + rank[pairs.row]
    if (packed[1:] > packed[:-1]).all():
        return pairs
    packed.sort()
    return Pairs(packed // len(start), order[packed % len(start)], pairs.n_keys)


def _column(contracts: pd.DataFrame, name: str) -> pd.Series:
    if name in contracts:
        return contracts[name].astype("datetime64[us]")
    return pd.Series(np.datetime64("NaT", "us"), index=contracts.index, dtype="datetime64[us]")
