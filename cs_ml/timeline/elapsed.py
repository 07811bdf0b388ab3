"""How long ago a moment of a found row was at each date, and whether it had come at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Pairs, ratio
from cs_ml.timeline.revealed import known_from
from cs_ml.timeline.split import as_of_dates

__all__ = ["Elapsed", "elapsed"]


@dataclass(frozen=True)
class Elapsed:
    """Pairs of keys and rows, and for each the days from a moment of the row to the ``as_of`` of the key.

    Parameters
    ----------
    pairs
        Rows found for each key.
    days
        Whole days, NaN where the moment had not come before the ``as_of``, float64 of shape (n_pairs,).
    """

    pairs: Pairs
    days: np.ndarray

    def take(self, mask: np.ndarray) -> Pairs:
        """Keep the pairs that meet a condition given by pair."""
        return Pairs(self.pairs.key[mask], self.pairs.row[mask], self.pairs.n_keys)

    def come(self) -> Pairs:
        """Return the pairs whose moment had come before the ``as_of``."""
        return self.take(~np.isnan(self.days))

    def pending(self) -> Pairs:
        """Return the pairs whose moment had not come, as far as was known then."""
        return self.take(np.isnan(self.days))

    def mean(self) -> np.ndarray:
        """Return the mean of the days that are present, by key; NaN without any."""
        key, days = self._present()
        n_keys = self.pairs.n_keys
        return ratio(np.bincount(key, days, minlength=n_keys), np.bincount(key, minlength=n_keys).astype(float))

    def longest(self) -> np.ndarray:
        """Return the most days, by key; NaN without any."""
        key, days = self._present()
        most = np.full(self.pairs.n_keys, -np.inf)
        np.maximum.at(most, key, days)
        return np.where(np.isinf(most), np.nan, most)

    def shortest(self) -> np.ndarray:
        """Return the fewest days, by key; NaN without any."""
        return -Elapsed(self.pairs, -self.days).longest()

    def _present(self) -> tuple[np.ndarray, np.ndarray]:
        there = ~np.isnan(self.days)
        return self.pairs.key[there], self.days[there]


def elapsed(pairs: Pairs, rows: pd.DataFrame, column: str, keys: pd.Index, clock: Clock) -> Elapsed:
    """Return how many days before each key's ``as_of`` a moment of each found row was.

    Moments that are revealed later than their row (a payment, a solution) are known only once they have come; before
    that they are pending, whatever the table says today.

    Parameters
    ----------
    pairs
        Rows found for each key by a look-up.
    rows
        The frame that was searched.
    column
        Column with the moment (naive UTC), ``NaT`` where there is none.
    keys
        Index with levels ``account_id`` and ``as_of`` that was looked up.
    clock
        Calendar of the book.

    Returns
    -------
    Elapsed

    Examples
    --------
    >>> from cs_ml.timeline.lookup import Lookup
    >>> rows = pd.DataFrame({"account_id": ["a"], "opened_at": ["2026-01-10"], "resolved_at": ["2026-01-30"]})
    >>> rows = rows.astype({"opened_at": "datetime64[us]", "resolved_at": "datetime64[us]"})
    >>> keys = pd.MultiIndex.from_product(
    ...     [["a"], pd.to_datetime(["2026-01-30", "2026-01-31"])], names=["account_id", "as_of"])
    >>> found = Lookup(rows, keys, time="opened_at").window(None)
    >>> elapsed(found, rows, "resolved_at", keys, Clock()).days
    array([nan,  1.])
    """
    as_of = clock.date(as_of_dates(keys))[pairs.key]
    happened, known = (np.asarray(at, dtype="datetime64[us]") for at in (rows[column], known_from(rows, column)))
    come = (~np.isnat(happened) & ~np.isnat(known))[pairs.row]
    come &= np.maximum(clock.day(happened), clock.day(known))[pairs.row] < as_of
    return Elapsed(pairs, np.where(come, as_of - clock.day(happened)[pairs.row].astype(float), np.nan))
