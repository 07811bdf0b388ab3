"""What labels of a contract business share: a horizon with grace, and the lines as they really ran."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.state import Horizon
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.terms import effective_end

__all__ = ["ContractualLabeler", "Lines", "lines_of"]

FAR = np.iinfo(np.int64).max // 2


@dataclass(frozen=True)
class ContractualLabeler:
    """The days ahead in which something happens to contracts, and the days until it is certain.

    Parameters
    ----------
    horizon_days
        Length of the horizon.
    gap_days
        Days between ``as_of`` and the horizon.
    grace_days
        A contract that restarts within so many days is continuous.
    settling_days
        Further days until bookings are complete.

    Examples
    --------
    >>> ContractualLabeler(horizon_days=60, settling_days=5).purge_days
    95
    """

    horizon_days: int = 90
    gap_days: int = 0
    grace_days: int = 30
    settling_days: int = 0

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.grace_days + self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days


@dataclass(frozen=True)
class Lines:
    """Contract lines of the accounts on a spine, held against each of its rows.

    Parameters
    ----------
    key, row
        One entry a (row of the spine, line of its account) pair, sorted by row of the spine.
    n_keys
        Rows of the spine.
    start, end
        Day each line of the pairs started, and really ended or will end.
    as_of
        Day of each row of the spine.
    frame
        The lines; ``row`` counts them.
    """

    key: np.ndarray
    row: np.ndarray
    n_keys: int
    start: np.ndarray
    end: np.ndarray
    as_of: np.ndarray
    frame: pd.DataFrame

    @property
    def day(self) -> np.ndarray:
        """Day of the row of the spine, for each pair."""
        return np.asarray(self.as_of[self.key])

    def running(self, grace_days: int = 0) -> np.ndarray:
        """Tell for each pair whether the line ran up to the last instant before ``as_of``, or ended shortly before."""
        return np.asarray((self.start < self.day) & (self.end + grace_days >= self.day))

    def any(self, mask: np.ndarray) -> np.ndarray:
        """Tell for each row of the spine whether a condition holds for any of its pairs."""
        return np.asarray(np.bincount(self.key[mask], minlength=self.n_keys) > 0)

    def first(self, day: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the first of the days whose pairs meet a condition, by row of the spine; NaN where none does."""
        first = np.full(self.n_keys, FAR)
        np.minimum.at(first, self.key[mask], day[mask])
        return np.where(first == FAR, np.nan, first.astype(float))

    def mrr(self, mask: np.ndarray) -> np.ndarray:
        """Return the MRR of the pairs that meet a condition, by row of the spine."""
        values = self.frame["mrr"].to_numpy(dtype=float, na_value=0.0)[self.row]
        return np.bincount(self.key[mask], values[mask], minlength=self.n_keys)


def lines_of(tables: Tables, spine: pd.DataFrame) -> Lines:
    """Return the contract lines of every row of a spine, whenever they became known: for labels only.

    Lines that ended before they began are left out.

    Raises
    ------
    TableError
        If there are no contracts.
    """
    clock = Clock(tables.zone)
    lines = tables.frame("contracts")
    lines = lines.assign(end=effective_end(lines))
    lines = lines[lines["end"] > lines["start_at"]].reset_index(drop=True)
    keys = pd.DataFrame({"account_id": np.asarray(spine.index.get_level_values("account_id"), dtype=object)})
    numbered = pd.DataFrame({"account_id": lines["account_id"].to_numpy(dtype=object)})
    pairs = keys.reset_index(names="key").merge(numbered.reset_index(names="row"), on="account_id").sort_values("key")
    key, row = pairs["key"].to_numpy(dtype=np.int64), pairs["row"].to_numpy(dtype=np.int64)
    start, end = clock.day(lines["start_at"])[row], clock.day(lines["end"])[row]
    return Lines(key, row, len(spine), start, end, clock.date(spine.index.get_level_values("as_of")), lines)
