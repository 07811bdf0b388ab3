"""The one primitive that compares times: which rows lie in a window and were known before its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.tables.revealed import SUFFIX
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.split import as_of_dates

__all__ = ["Lookup", "Pairs", "ratio"]

WIDTH = 1 << 21  # days of one account on the joint axis; covers about 5,700 years
ORIGIN = 1 << 20


@dataclass(frozen=True)
class Pairs:
    """Which rows belong to which key: one entry a (key, row) pair, sorted by key and then by time.

    Parameters
    ----------
    key
        Position of the key, int64 of shape (n_pairs,).
    row
        Position of the row in the frame that was searched, int64 of shape (n_pairs,).
    n_keys
        How many keys there are.
    """

    key: np.ndarray
    row: np.ndarray
    n_keys: int

    def where(self, mask: Any) -> Pairs:
        """Keep the pairs whose row meets a condition given by row."""
        kept = np.asarray(mask, dtype=bool)[self.row]
        return Pairs(self.key[kept], self.row[kept], self.n_keys)

    def count(self) -> np.ndarray:
        """Return how many rows each key has, float64 of shape (n_keys,)."""
        return np.bincount(self.key, minlength=self.n_keys).astype(float)

    def sum(self, values: Any) -> np.ndarray:
        """Return the sum of the values that are present, by key; 0 without any."""
        taken = np.asarray(values, dtype=float)[self.row]
        return np.bincount(self.key, np.nan_to_num(taken), minlength=self.n_keys)

    def mean(self, values: Any) -> np.ndarray:
        """Return the mean of the values that are present, by key; NaN without any."""
        present = self.where(~np.isnan(np.asarray(values, dtype=float)))
        return ratio(present.sum(values), present.count())

    def share(self, mask: Any) -> np.ndarray:
        """Return the share of rows that meet a condition, by key; NaN without rows."""
        return ratio(self.where(mask).count(), self.count())

    def maximum(self, values: Any) -> np.ndarray:
        """Return the largest value, by key; NaN without any."""
        array = np.asarray(values, dtype=float)
        present = self.where(~np.isnan(array))
        largest = np.full(self.n_keys, -np.inf)
        np.maximum.at(largest, present.key, array[present.row])
        return np.where(np.isinf(largest), np.nan, largest)

    def distinct(self, values: Any) -> np.ndarray:
        """Return how many different values each key has; missing values do not count."""
        codes, _ = pd.factorize(np.asarray(values, dtype=object))
        present = self.where(codes >= 0)
        pairs = np.unique(present.key * (int(codes.max(initial=0)) + 1) + codes[present.row])
        return np.bincount(pairs // (int(codes.max(initial=0)) + 1), minlength=self.n_keys).astype(float)

    def last(self) -> np.ndarray:
        """Return the newest row of each key, or -1, int64 of shape (n_keys,)."""
        newest = np.full(self.n_keys, -1)
        newest[self.key] = self.row  # pairs are in order of time, and the last assignment stays
        return newest


class Lookup:
    """Finds the rows of a time window for many (account, as_of) keys: sorted once, two binary searches a key.

    A row may be used for an ``as_of`` when its event and the moment it became known both lie before it.

    Parameters
    ----------
    rows
        Frame with ``account_id`` and the time column; any order.
    keys
        Index with levels ``account_id`` and ``as_of``.
    time
        Column with the event time (naive UTC). Rows without one are never found.
    known
        Column with the moment the row became known; missing values mean "with the event". Where the table says when
        the event time itself was known, that counts too.
    clock
        Calendar of the book.

    Examples
    --------
    >>> rows = pd.DataFrame({"account_id": ["a", "a"], "at": pd.to_datetime(["2026-01-31", "2026-02-01"])})
    >>> keys = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-02-01"))], names=["account_id", "as_of"])
    >>> Lookup(rows, keys, time="at").window(30).count()
    array([1.])
    """

    def __init__(
        self, rows: pd.DataFrame, keys: pd.Index, *, time: str, known: str | None = None, clock: Clock | None = None
    ) -> None:
        clock = clock or Clock()
        accounts, key_codes = _coded(keys)
        codes = pd.Index(accounts).get_indexer(pd.Index(np.asarray(rows["account_id"], dtype=object)))
        instants = np.asarray(rows[time], dtype="datetime64[us]")
        usable = np.flatnonzero((codes >= 0) & ~np.isnat(instants))
        order = usable[np.lexsort((instants[usable], codes[usable]))]
        self.n_keys = len(keys)
        self._as_of = clock.date(as_of_dates(keys))
        self._key_codes = key_codes
        self._row = order
        self._axis = self._joint(codes[order], clock.day(instants[order]))
        names = ([] if known is None else [known]) + [name for name in (f"{time}{SUFFIX}",) if name in rows]
        days = [clock.day(np.asarray(rows[name], dtype="datetime64[us]"))[order] for name in names]
        self._known_day = np.maximum.reduce(days) if days else None

    @staticmethod
    def _joint(codes: np.ndarray, days: np.ndarray) -> np.ndarray:
        return np.asarray(codes.astype(np.int64) * WIDTH + np.clip(days + ORIGIN, 0, WIDTH - 1))

    def _search(self, days: np.ndarray) -> np.ndarray:
        """Return for each key the position of its account's first row on or after a day."""
        return np.searchsorted(self._axis, self._joint(self._key_codes, days), side="left")

    def window(self, days: int | None) -> Pairs:
        """Return the rows in ``[as_of - days, as_of)`` that were known before ``as_of``.

        Parameters
        ----------
        days
            Length of the window; ``None`` looks back to the beginning.
        """
        since = np.full(self.n_keys, -ORIGIN) if days is None else self._as_of - days
        return self._known(self._pairs(self._search(since), self._search(self._as_of)))

    def ahead(self, gap: int, days: int) -> Pairs:
        """Return the rows in ``[as_of + gap, as_of + gap + days)``, whenever they became known: for labels only."""
        pairs = self._pairs(self._search(self._as_of + gap), self._search(self._as_of + gap + days))
        return Pairs(pairs.key, self._row[pairs.row], pairs.n_keys)

    def latest(self, mask: Any = None) -> np.ndarray:
        """Return the newest row before ``as_of`` that was known before it, or -1.

        Parameters
        ----------
        mask
            Condition by row of the frame; other rows are passed over.

        Returns
        -------
        numpy.ndarray of int64, shape (n_keys,)
            Positions in the frame.
        """
        if mask is not None or self._known_day is not None:
            pairs = self.window(None)
            return (pairs if mask is None else pairs.where(mask)).last()
        start, stop = self._search(np.full(self.n_keys, -ORIGIN)), self._search(self._as_of)
        found = np.full(self.n_keys, -1)
        found[stop > start] = self._row[stop[stop > start] - 1]
        return found

    def _pairs(self, start: np.ndarray, stop: np.ndarray) -> Pairs:
        lengths = stop - start
        key = np.repeat(np.arange(self.n_keys), lengths)
        offset = np.arange(len(key)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        position = np.repeat(start, lengths) + offset
        return Pairs(key, position, self.n_keys)

    def _known(self, pairs: Pairs) -> Pairs:
        if self._known_day is None:
            return Pairs(pairs.key, self._row[pairs.row], pairs.n_keys)
        known = self._known_day[pairs.row] < self._as_of[pairs.key]
        return Pairs(pairs.key[known], self._row[pairs.row[known]], pairs.n_keys)


def _coded(keys: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Return the accounts of keys, each once, and the position of each key's account among them."""
    if isinstance(keys, pd.MultiIndex):  # holds them already
        at = keys.names.index("account_id")
        return np.asarray(keys.levels[at], dtype=object), np.asarray(keys.codes[at], np.int64)
    return np.unique(np.asarray(keys.get_level_values("account_id"), dtype=object), return_inverse=True)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with NaN where the denominator is zero.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    quotient = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient
