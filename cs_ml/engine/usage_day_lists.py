"""Marks of few rows, kept as they came and laid out at the end by counting: the compiled path of small tables."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Marks
from cs_ml.engine.usage_scatter import MOST_MEMBERS, narrow, table_of
from cs_ml.timeline.loops import loops

__all__ = ["DayLists", "counting"]

MOST_MINORS = 1 << 16  # minor and day fit four bytes


def counting(n_rows: int) -> SimpleNamespace | None:
    """Return the compiled loops where so many rows pay for them; nothing where numba is not installed."""
    return loops("cs_ml.engine.usage_day_lists_kernels", n_rows)


class DayLists:
    """Keeps marks, and lays them out by member and day in a few passes: by minor, by code, then as they came.

    Parameters
    ----------
    counting
        Compiled :mod:`~cs_ml.engine.usage_day_lists_kernels`.
    minor_bits
        Low bits of a member code that hold its minor part, if it has one.

    Examples
    --------
    >>> from cs_ml.engine.usage_day_lists import counting
    >>> lists = DayLists(counting(1 << 20))
    >>> len(lists.add(Marks(np.array([5, 2, -1, 5]), np.array([9, 9, 9, 7]))))
    0
    >>> rows = lists.rows()
    >>> rows.code.tolist(), rows.counts.tolist(), rows.day.tolist()
    ([2, 5], [1, 2], [9, 7, 9])
    """

    def __init__(self, counting: SimpleNamespace, minor_bits: int = 0) -> None:
        self._loops, self._minor_bits = counting, minor_bits
        self._parts: list[Marks] = []

    @property
    def n_rows(self) -> int:
        """How many rows are kept."""
        return sum(map(len, self._parts))

    def add(self, marks: Marks) -> Marks:
        """Keep rows that count; return those without a place here, whose codes are too large.

        Parameters
        ----------
        marks
            In any order; values of the same names each time.
        """
        known = marks.code >= 0 if marks.minor is None else (marks.code >= 0) & (marks.minor >= 0)
        marks = marks if known.all() else marks.take(np.flatnonzero(known))
        if not len(marks) or not _is_wide(marks):
            self._keep(marks)
            return marks.take(np.empty(0, np.int64))
        wide = marks.code >= MOST_MEMBERS
        if marks.minor is not None:
            wide |= marks.minor >= MOST_MINORS
        self._keep(marks.take(np.flatnonzero(~wide)))
        return marks.take(np.flatnonzero(wide))

    def _keep(self, marks: Marks) -> None:
        if len(marks):
            self._parts.append(marks)

    def taken(self) -> list[Marks]:
        """Return what was kept, and keep nothing."""
        parts, self._parts = self._parts, []
        return parts

    def rows(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> LaidOut:
        """Return what was marked, sorted by member and day.

        Parameters
        ----------
        rename
            Other keys for keys, one for one, days unchanged: of the minor where there is one, else of the code.
        """
        parts = _in_order(self._parts)
        code, day = ([narrow(getattr(part, name)) for part in parts] for name in ("code", "day"))
        n_rows, entries = self.n_rows, np.empty(self.n_rows, np.uint32)
        called = _called(parts, rename)
        values = [table_of(part.values, len(part)) for part in parts]
        placed = np.empty((len(values[0]), n_rows), np.int64)
        if parts[0].minor is None:
            ends = self._ends(code, called)
            starts = _begins(ends)
            for rows in zip(code, day, values, strict=True):
                self._loops.place(*rows[:2], called, rows[2], starts, entries, placed)
        else:
            minor = [narrow(_minor(part)) for part in parts]
            keys, starts = np.empty(n_rows, np.uint64), _begins(self._ends(minor, called))
            for rows in zip(code, minor, day, strict=True):
                self._loops.pack(*rows, called, starts, keys)
            ends = self._ends(code, np.arange(1 + max(int(part.max()) for part in code), dtype=np.int32))
            self._loops.place_keys(keys, _begins(ends), entries)
        return self._merged(parts[0], ends, entries, placed)

    def _ends(self, codes: list[np.ndarray], called: np.ndarray) -> np.ndarray:
        """Return where the rows of each code end."""
        counts = np.zeros(int(called.max()) + 1, np.int32)
        for part in codes:
            self._loops.count(part, called, counts)
        return np.cumsum(counts, dtype=np.int32)

    def _merged(self, like: Marks, ends: np.ndarray, entries: np.ndarray, placed: np.ndarray) -> LaidOut:
        code, counts, found = np.empty(len(entries), np.int64), np.zeros(len(entries), np.int64), np.empty(2, np.int64)
        day, first = np.empty(len(entries), np.uint16), np.empty(len(entries) if like.summed else 0, np.int32)
        bits = self._minor_bits if like.minor is not None else 0
        self._loops.merge(ends, entries, bits, code, counts, day, first, found)
        n_members, n_days = found.tolist()
        first = first[:n_days]
        values = {like.count: np.diff(first, append=len(entries)).astype(np.int64)} if like.count else {}
        values |= {name: np.add.reduceat(column, first) for name, column in zip(like.values, placed, strict=True)}
        return LaidOut(code[:n_members], counts[:n_members], day[:n_days], values)


def _is_wide(marks: Marks) -> bool:
    return int(marks.code.max()) >= MOST_MEMBERS or (marks.minor is not None and int(marks.minor.max()) >= MOST_MINORS)


def _in_order(parts: list[Marks]) -> list[Marks]:
    """Return parts whose rows, one part after the other, are in the order of time."""
    parts = sorted(parts, key=Marks.span)
    first, last = zip(*(part.span() for part in parts), strict=True)
    if all(map(int.__le__, last[:-1], first[1:])) and all((np.diff(part.day) >= 0).all() for part in parts):
        return parts
    whole = _joined(parts)
    return [whole.take(np.argsort(whole.day.astype(np.uint16), kind="stable"))]


def _joined(parts: list[Marks]) -> Marks:
    code, day = (np.concatenate([getattr(part, name) for part in parts]) for name in ("code", "day"))
    minor = None if parts[0].minor is None else np.concatenate(list(map(_minor, parts)))
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    return Marks(code, day, minor, values, parts[0].count)


def _minor(marks: Marks) -> np.ndarray:
    return marks.code if marks.minor is None else marks.minor


def _called(parts: list[Marks], rename: Callable[[np.ndarray], np.ndarray] | None) -> np.ndarray:
    """Return what each code, or each minor where there are such, is called in the end."""
    codes = np.arange(1 + max(int(_minor(part).max()) for part in parts))
    return np.asarray(codes if rename is None else rename(codes << DAY_BITS) >> DAY_BITS, np.int32)


def _begins(ends: np.ndarray) -> np.ndarray:
    """Return where the rows of each code begin."""
    return np.concatenate([np.zeros(1, np.int32), ends[:-1]])
