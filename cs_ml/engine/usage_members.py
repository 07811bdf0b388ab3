"""Users, features and accounts asked one by one: what of their days was known before a date."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from cs_ml.engine.usage_state import Days

__all__ = ["NEVER", "MemberDays", "blocks_of", "pairs_of"]

DAY_BITS = 17
LAST = (1 << DAY_BITS) - 1
NEVER = -1  # stands for the day of what never happened
PAIRS = 1 << 20  # looked at together


def pairs_of(part: Days, accounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair every row with all members of its account.

    Parameters
    ----------
    part
        Users or features.
    accounts
        Account of each row.

    Returns
    -------
    row, member
        Positions, sorted by row, int64 of shape (pairs,).
    """
    return _expanded(part.members[accounts], part.members[accounts + 1])


def blocks_of(sizes: np.ndarray, most: int = PAIRS) -> Iterator[slice]:
    """Cut rows into runs whose sizes add up to about as many as may be looked at together.

    Examples
    --------
    >>> [(rows.start, rows.stop) for rows in blocks_of(np.array([2, 2, 9, 1]), most=4)]
    [(0, 2), (2, 3), (3, 4)]
    """
    reached = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(reached[start - 1]) if start else 0
        stop = max(int(np.searchsorted(reached, before + most, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _expanded(first: np.ndarray, beyond: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each position of ranges, and the range it belongs to."""
    lengths = beyond - first
    group = np.repeat(np.arange(len(lengths)), lengths)
    inside = np.arange(len(group)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return group, np.repeat(first, lengths) + inside


class MemberDays:
    """Answers for any pairs of member and ``as_of``, exactly, with what was known before; late rows included.

    Parameters
    ----------
    part
        Days of users or features, or of accounts.
    accounts
        Whether members are the accounts themselves, those without days included.

    Examples
    --------
    >>> part = Days(np.array([0, 1]), np.array([0, 2]), np.array([5, 8], np.uint16), {},
    ...             np.array([0]), np.array([7], np.uint16), np.array([20], np.uint16))
    >>> days, member = MemberDays(part), np.zeros(3, int)
    >>> days.count(member, np.array([6, 9, 21]), 20), days.newest(member, np.array([5, 8, 9]))
    (array([1, 2, 3]), array([-1,  5,  8]))
    """

    def __init__(self, part: Days, *, accounts: bool = False) -> None:
        self._starts = part.starts[part.members] if accounts else part.starts
        n_members = len(self._starts) - 1
        self._day = part.day.astype(np.int64)
        self._axis = np.repeat(np.arange(n_members), np.diff(self._starts)) << DAY_BITS | self._day
        self._late_member = part.groups()[part.late_member] if accounts else part.late_member
        self._late_day, self._late_known = part.late_day.astype(np.int64), part.late_known.astype(np.int64)
        self._late_starts = np.searchsorted(self._late_member, np.arange(n_members + 1))
        self._fresh = self._first_reports()
        self._values = part.values, part.late_values

    def sum(
        self,
        value: str,
        member: np.ndarray,
        as_of: np.ndarray,
        window: int,
        *,
        only: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return the sum of a value in ``[as_of - window, as_of)``, int64 of shape (pairs,); 0 where there is none.

        Parameters
        ----------
        value
            Name of the value.
        member, as_of
            Pairs, shape (pairs,).
        window
            Days to look back.
        only
            Tells of days whether they count; all do where missing.
        """
        values, late = (side.get(value, np.empty(0, np.int64)) for side in self._values)
        if only is not None:
            values, late = values * only(self._day), late * only(self._late_day)
        running = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        total = running[self._position(member, as_of)] - running[self._position(member, as_of - window)]
        pair, entry = self._late(member, as_of)
        inside = self._late_day[entry] >= as_of[pair] - window
        np.add.at(total, pair[inside], late[entry[inside]])
        return np.asarray(total)

    def count(self, member: np.ndarray, as_of: np.ndarray, window: int) -> np.ndarray:
        """Return the days with anything in ``[as_of - window, as_of)``, int64 of shape (pairs,)."""
        total = self._position(member, as_of) - self._position(member, as_of - window)
        pair, entry = self._late(member, as_of, fresh=True)
        inside = self._late_day[entry] >= as_of[pair] - window
        np.add.at(total, pair[inside], 1)
        return np.asarray(total)

    def newest(self, member: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the last day, ``NEVER`` where there was none, int64 of shape (pairs,)."""
        position = self._position(member, as_of)
        found = np.full(len(member), NEVER, np.int64)
        some = position > self._starts[member]
        found[some] = self._day[position[some] - 1]
        pair, entry = self._late(member, as_of)
        np.maximum.at(found, pair, self._late_day[entry])
        return found

    def oldest(self, member: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        """Return the first day, ``NEVER`` where there was none, int64 of shape (pairs,)."""
        first = self._starts[member]
        found = np.full(len(member), LAST, np.int64)
        some = self._position(member, as_of) > first
        found[some] = self._day[first[some]]
        pair, entry = self._late(member, as_of)
        np.minimum.at(found, pair, self._late_day[entry])
        return np.where(found == LAST, NEVER, found)

    def presence(self, member: np.ndarray, as_of: np.ndarray, window: int) -> np.ndarray:
        """Tell for each day of ``[as_of - window, as_of)`` whether it had anything, bool of shape (pairs, window)."""
        found = np.zeros((len(member), window), bool)
        pair, place = _expanded(self._position(member, as_of - window), self._position(member, as_of))
        found[pair, self._day[place] - (as_of - window)[pair]] = True
        pair, entry = self._late(member, as_of)
        column = self._late_day[entry] - (as_of - window)[pair]
        found[pair[column >= 0], column[column >= 0]] = True
        return found

    def _position(self, member: np.ndarray, day: np.ndarray) -> np.ndarray:
        return np.asarray(np.searchsorted(self._axis, member.astype(np.int64) << DAY_BITS | np.clip(day, 0, LAST)))

    def _late(self, member: np.ndarray, as_of: np.ndarray, *, fresh: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Pair what is asked with the late rows of the member that were known before."""
        if not len(self._late_member):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        pair, entry = _expanded(self._late_starts[member], self._late_starts[member + 1])
        known = self._late_known[entry] < as_of[pair]
        if fresh:
            known &= self._fresh[entry]
        return pair[known], entry[known]

    def _first_reports(self) -> np.ndarray:
        """Tell which late rows are the first that tell of their day."""
        key = self._late_member << DAY_BITS | self._late_day
        first = np.append(True, key[1:] != key[:-1])[: len(key)]
        place = np.searchsorted(self._axis, key)
        told = (
            self._axis[np.minimum(place, len(self._axis) - 1)] == key if len(self._axis) else np.zeros(len(key), bool)
        )
        return np.asarray(first & ~told)
