"""Contract lines as whole days, short gaps bridged, and which of them cover which day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.timeline.clock import Clock
from cs_ml.timeline.periods import ceil_day
from cs_ml.timeline.terms import NEVER, effective_end

__all__ = ["Lines", "contract_lines"]

WIDTH = 1 << 21


@dataclass(frozen=True)
class Lines:
    """Contract lines sorted by account and start; a line covers the midnights ``start <= t < end``.

    Parameters
    ----------
    account
        Position of each line's account, ascending, shape (lines,).
    row
        Position of each line in the frame it was made from.
    start, end
        First midnight covered, and first one no longer covered.
    bridged
        The same end, moved to the restart where the account restarted within the grace period.
    planned
        Planned end of the term; the day of ``NEVER`` for open-ended lines.
    stay
        Number of the unbroken stay each line belongs to, ascending.
    """

    account: np.ndarray
    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    bridged: np.ndarray
    planned: np.ndarray
    stay: np.ndarray

    @property
    def open_ended(self) -> np.ndarray:
        """Whether a line has no planned end."""
        return np.asarray(self.planned >= NEVER.astype("datetime64[D]").astype(np.int64))

    def covering(self, days: np.ndarray, *, bridged: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Return line and day position of every line that covers a day, by day and then by line."""
        end = self.bridged if bridged else self.end
        found = [np.flatnonzero((self.start <= t) & (t < end)) for t in days]
        where = np.repeat(np.arange(len(days)), [len(lines) for lines in found])
        return np.concatenate([*found, np.zeros(0, np.int64)]), where

    def first_start(self, n_accounts: int) -> np.ndarray:
        """Return the first midnight on which each account was covered; the largest int64 where none was."""
        first = np.full(n_accounts, np.iinfo(np.int64).max)
        np.minimum.at(first, self.account, self.start)
        return first

    def overlap(self, begin: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the lines that run within a span of days, and from which day to which they do."""
        start, end = np.maximum(self.start, begin), np.minimum(self.end, stop)
        lines = np.flatnonzero(start < end)
        return lines, start[lines], end[lines]

    def renewed(self, chain: np.ndarray, early: int, grace: int) -> np.ndarray:
        """Tell which lines were followed by another of their chain that began near their planned end.

        Parameters
        ----------
        chain
            What a renewal must have in common with its line, such as account and product, shape (lines,).
        early, grace
            Days before and after the end in which the follower may begin.
        """
        order = np.lexsort((self.end, self.start, chain))
        axis = chain[order] * WIDTH + self.start[order]
        low = np.maximum(self.start + 1, self.planned - early)
        begin = np.searchsorted(axis, chain * WIDTH + low)
        stop = np.searchsorted(axis, chain * WIDTH + np.minimum(self.planned + grace, WIDTH - 1), side="right")
        reach = _largest(self.end[order], begin, stop)
        return np.asarray(reach > self.planned)


def contract_lines(contracts: pd.DataFrame, account: np.ndarray, clock: Clock, grace_days: int) -> Lines:
    """Return the lines of some accounts; lines that cover no midnight are left out.

    Parameters
    ----------
    contracts
        Contract lines as they are known.
    account
        Position of the account of each row.
    clock
        Calendar of the book.
    grace_days
        A stay goes on over gaps up to this length.

    Examples
    --------
    >>> rows = [("2026-01-01", "2026-02-01"), ("2026-02-10", "2026-03-01"), ("2026-06-01", "2026-07-01")]
    >>> terms = pd.DataFrame(rows, columns=["start_at", "end_at"]).astype("datetime64[us]")
    >>> lines = contract_lines(terms, np.zeros(3, int), Clock(), grace_days=30)
    >>> lines.stay.tolist(), (lines.bridged - lines.end).tolist()
    ([0, 0, 1], [9, 0, 0])
    """
    end = effective_end(contracts)
    start, stop = ceil_day(clock, contracts["start_at"]), ceil_day(clock, end)
    ends = contracts["end_at"].fillna(NEVER) if "end_at" in contracts else pd.Series(NEVER, index=contracts.index)
    planned = ceil_day(clock, ends)
    kept = np.flatnonzero(stop > start)
    order = kept[np.lexsort((kept, stop[kept], start[kept], account[kept]))]
    account, start, stop = account[order], start[order], stop[order]
    reach = np.maximum.accumulate(account * WIDTH + stop) - account * WIDTH  # the furthest end so far, by account
    before, same = np.append([0], reach[:-1]), np.append([False], account[1:] == account[:-1])
    bridge = same & (start > before) & (start <= before + grace_days)
    stay = np.cumsum(~same | (start > before + grace_days)) - 1
    gaps, restart = account[bridge] * WIDTH + before[bridge], start[bridge]
    place = np.searchsorted(gaps, account * WIDTH + stop)
    hit = np.append(gaps, -1)[place] == account * WIDTH + stop
    bridged = np.where(hit, np.append(restart, 0)[place], stop)
    return Lines(account, order, start, stop, bridged, planned[order], stay)


def _largest(values: np.ndarray, begin: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return the largest value of each slice; the smallest int64 of an empty one."""
    largest = np.full(len(begin), np.iinfo(np.int64).min)
    some = np.flatnonzero(stop > begin)
    lengths = (stop - begin)[some]
    owner = np.repeat(some, lengths)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    np.maximum.at(largest, owner, values[begin[owner] + offset])
    return largest
