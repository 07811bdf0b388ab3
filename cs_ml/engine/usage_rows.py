"""Rows of one kind of usage: packed keys of member and day, with whole numbers to be summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

__all__ = ["DAY_BITS", "LaidOut", "Marks", "Rows"]

DAY_BITS = 16
BLOCK = 1 << 17


@dataclass(frozen=True)
class Rows:
    """Rows of one kind: a key of member and day, how many days later the row was known, values to be summed.

    Parameters
    ----------
    key
        ``member * 65536 + day``.
    lag
        Days from the event to its being known; ``None`` where all were known the same day.
    values
        Whole numbers by name.
    count
        Name of a further value: how many rows there were.
    """

    key: np.ndarray
    lag: np.ndarray | None = None
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    count: str | None = None

    def __len__(self) -> int:
        return len(self.key)

    @property
    def summed(self) -> bool:
        """Whether there is anything to add up."""
        return bool(self.values) or self.count is not None

    def take(self, chosen: np.ndarray) -> Rows:
        """Return some of the rows."""
        lag = None if self.lag is None else self.lag[chosen]
        return Rows(self.key[chosen], lag, {name: column[chosen] for name, column in self.values.items()}, self.count)

    def marks(self, minor_bits: int) -> Marks:
        """Return rows without lag as code and day, not packed."""
        code, day = self.key >> DAY_BITS, self.key & (1 << DAY_BITS) - 1
        minor = code & (1 << minor_bits) - 1 if minor_bits else None
        return Marks(code >> minor_bits, day, minor, self.values, self.count)

    def days(self) -> np.ndarray:
        """Return the day of each row, uint16."""
        return self.key.astype(np.uint16)  # the low bits are the day

    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members of sorted keys and how many keys each has.

        Examples
        --------
        >>> Rows(np.array([2 << 16 | 7, 2 << 16 | 9, 5 << 16 | 7])).runs()
        (array([2, 5]), array([2, 1]))
        """
        places, previous = [], -1
        for start in range(0, len(self.key), BLOCK):
            code = self.key[start : start + BLOCK] >> DAY_BITS
            places.append(start + np.flatnonzero(np.diff(code, prepend=previous)))
            previous = int(code[-1])
        first = np.concatenate(places) if places else np.empty(0, np.int64)
        return self.key[first] >> DAY_BITS, np.diff(first, append=len(self.key))


@dataclass(frozen=True)
class Marks:
    """Rows known on the day they happened, before member and day are packed into a key.

    Parameters
    ----------
    code
        Member of each row, negative where it has none: such a row does not count.
    day
        Day of each row.
    minor
        Low part of the member's code, if it has one; negative as ``code``.
    values, count
        As of :class:`Rows`.
    within
        First and last day of the rows, where they are known already.

    Examples
    --------
    >>> Marks(np.array([2, -1, 5]), np.array([7, 7, 9])).rows(0).key.tolist() == [2 << 16 | 7, 5 << 16 | 9]
    True
    """

    code: np.ndarray
    day: np.ndarray
    minor: np.ndarray | None = None
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    count: str | None = None
    within: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.code)

    @property
    def summed(self) -> bool:
        """Whether there is anything to add up."""
        return bool(self.values) or self.count is not None

    def span(self) -> tuple[int, int]:
        """Return the first and the last day; there must be a row."""
        return self.within or (int(self.day.min()), int(self.day.max()))

    def take(self, chosen: np.ndarray) -> Marks:
        """Return some of the rows."""
        minor = None if self.minor is None else self.minor[chosen]
        values = {name: column[chosen] for name, column in self.values.items()}
        return Marks(self.code[chosen], self.day[chosen], minor, values, self.count)

    def rows(self, minor_bits: int) -> Rows:
        """Return the rows that count, packed."""
        known = self.code >= 0 if self.minor is None else (self.code >= 0) & (self.minor >= 0)
        marks = self if known.all() else self.take(np.flatnonzero(known))
        code = marks.code.astype(np.int64)
        code = code if marks.minor is None else code << minor_bits | marks.minor
        return Rows(code << DAY_BITS | marks.day, None, marks.values, marks.count)


@dataclass(frozen=True)
class LaidOut:
    """Sorted rows that know their members and days; keys, which take four times the room, are made when asked for.

    Parameters
    ----------
    code, counts
        Members, ascending, and how many days each has.
    day
        Days, ascending within a member, uint16.
    values
        Whole numbers by name.

    Examples
    --------
    >>> LaidOut(np.array([2, 5]), np.array([2, 1]), np.array([7, 9, 7], np.uint16)).key >> DAY_BITS
    array([2, 2, 5])
    """

    code: np.ndarray
    counts: np.ndarray
    day: np.ndarray
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    lag: None = None

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def key(self) -> np.ndarray:
        """Packed keys, as those of :class:`Rows`."""
        return np.asarray(np.repeat(self.code << DAY_BITS, self.counts) | self.day)

    def days(self) -> np.ndarray:
        """Return the day of each row, uint16."""
        return self.day

    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the members and how many days each has."""
        return self.code, self.counts
