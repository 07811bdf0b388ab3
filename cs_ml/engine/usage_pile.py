"""Sorting and merging of packed keys: what was seen on a day, each once, with sums where there are values."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from cs_ml.engine import usage_scatter
from cs_ml.engine.usage_day_lists import DayLists, counting
from cs_ml.engine.usage_day_sums import DaySums
from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Marks, Rows
from cs_ml.engine.usage_scatter import DayTable, compiled, union

__all__ = ["Pile", "Rows", "combine"]

CELLS_A_ROW = 2
BLOCK = 1 << 17
MERGE_AT = 1 << 23  # rows on a pile before they are merged
WORD = 63  # bits that sort as one number


def combine(rows: Rows) -> Rows:
    """Sort rows by key and lag and make one of those that agree in both, adding up their values.

    Parameters
    ----------
    rows
        In any order; a key without lag and values may be sorted in place.

    Returns
    -------
    Rows
        Sorted; integers only, so the result does not depend on the order of the rows.

    Examples
    --------
    >>> merged = combine(Rows(np.array([5, 3, 5]), None, {"sum": np.array([1, 2, 3])}, count="rows"))
    >>> merged.key.tolist(), {name: column.tolist() for name, column in merged.values.items()}
    ([3, 5], {'rows': [1, 2], 'sum': [2, 4]})
    """
    if rows.lag is None and not rows.values and not rows.count:
        return Rows(_distinct(rows.key))
    if rows.lag is None and (table := _summed(rows)):
        return table
    key, lag, order = _sorted(rows.key, rows.lag, positions=bool(rows.values))
    first = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=first[1:])
    if lag is not None:
        first[1:] |= lag[1:] != lag[:-1]
    starts = np.flatnonzero(first)
    values = {rows.count: np.diff(starts, append=len(key))} if rows.count else {}
    values |= {name: np.add.reduceat(column.take(order), starts) for name, column in rows.values.items()}
    return Rows(key.take(starts), None if lag is None else lag.take(starts), values)


def _distinct(key: np.ndarray) -> np.ndarray:
    """Sort in place and keep one of equal keys, block by block: no copy of what may be most of the memory."""
    key.sort()
    kept, previous = 0, -1
    for start in range(0, len(key), BLOCK):
        block = key[start : start + BLOCK]
        fresh = np.empty(len(block), bool)
        fresh[0] = block[0] != previous
        np.not_equal(block[1:], block[:-1], out=fresh[1:])
        previous = int(block[-1])
        chosen = np.flatnonzero(fresh)  # quicker than a mask, many times over
        key[kept : kept + len(chosen)] = block.take(chosen)
        kept += len(chosen)
    return key[:kept].copy() if 2 * kept < len(key) else key[:kept]


def _summed(rows: Rows) -> Rows | None:
    """Add rows up in a table of member by day, where it is small enough for that to be quicker than sorting."""
    if not len(rows):
        return None
    member, day = rows.key >> DAY_BITS, rows.key & ((1 << DAY_BITS) - 1)
    first, low = int(member.min()), int(day.min())
    width = int(day.max()) - low + 1
    size = (int(member.max()) - first + 1) * width
    if size > CELLS_A_ROW * len(rows):
        return None
    member -= first
    member *= width
    day -= low
    cell = np.add(member, day, out=member)
    counts = np.bincount(cell, minlength=size)
    found = np.flatnonzero(counts)
    values = {rows.count: counts[found]} if rows.count else {}
    for name, column in rows.values.items():
        sums = np.zeros(size, np.int64)
        np.add.at(sums, cell, column)
        values[name] = sums[found]
    member = found // width
    return Rows((member + first) << DAY_BITS | (found - member * width + low), None, values)


def _sorted(
    key: np.ndarray, lag: np.ndarray | None, *, positions: bool
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Sort by key and lag, and say where each row was: in one word where key, lag and position fit 63 bits."""
    if not len(key):
        return key, lag, np.empty(0, np.int64)
    low = int(key.min())
    lag_bits = 0 if lag is None else int(lag.max()).bit_length()
    place_bits = (len(key) - 1).bit_length() if positions else 0
    if (int(key.max()) - low).bit_length() + lag_bits + place_bits > WORD:
        order = np.argsort(key, kind="stable") if lag is None else np.lexsort((lag, key))
        return key[order], None if lag is None else lag[order], order
    packed = key - low
    if lag is not None:
        packed = packed << lag_bits | lag
    if positions:
        packed = packed << place_bits | np.arange(len(key))
    packed.sort()
    place = packed & ((1 << place_bits) - 1)
    packed >>= place_bits
    found = None if lag is None else packed & ((1 << lag_bits) - 1)
    return (packed >> lag_bits) + low, found, place


class Pile:
    """Collects rows of all threads and merges them now and then, so that it stays about as small as its result.

    Where the compiled loops are there, rows are kept as they come while they are few, and marked in a table by day from
    then on; what has no place there is sorted and merged.

    Parameters
    ----------
    minor_bits
        Low bits of a member code that are few of the numbers they could hold (features of an account).
    n_expected
        Rows that will come, as far as is known.

    Examples
    --------
    >>> pile = Pile()
    >>> pile.add(Rows(np.array([4, 4])))
    >>> pile.add(Rows(np.array([2, 4])))
    >>> pile.merged().key.tolist()
    [2, 4]
    """

    def __init__(self, minor_bits: int = 0, n_expected: int = 0) -> None:
        self._lock = threading.Lock()
        self._parts: list[Rows] = []
        self._waiting = 0
        self._limit = MERGE_AT
        self._shrinks = True
        self._minor_bits = minor_bits
        self._n_expected, self._n_added = n_expected, 0
        self._table: DayTable | DaySums | None = None
        self._tabled = True
        self._lists: DayLists | None = None

    def add(self, rows: Rows | Marks) -> None:
        """Put rows on the pile; they are merged at once where that makes them fewer, as it did with those before."""
        n_rows = len(rows)
        rows = self._listed(rows)
        if len(rows) or not n_rows:
            self._take(rows)

    def _listed(self, rows: Rows | Marks) -> Rows | Marks:
        """Keep marks while rows are few, and return what has no place among them; once they are many, return all."""
        with self._lock:
            self._n_added += len(rows)
            n_rows = max(self._n_expected, self._n_added)
            few = n_rows <= usage_scatter.TABLED_AT
            parted = rows.summed and self._minor_bits
            if few and isinstance(rows, Marks) and not parted and (loops := counting(n_rows)):
                self._lists = self._lists or DayLists(loops, self._minor_bits)
                return self._lists.add(rows)
            earlier = self._lists.taken() if self._lists and not few else []
        for part in earlier:
            self._take(part)
        return rows

    def _take(self, rows: Rows | Marks) -> None:
        n_rows = max(self._n_expected, self._n_added)
        self._tabled = self._tabled and _in_order(rows) and not (rows.summed and self._minor_bits)
        if (
            self._tabled
            and (isinstance(rows, Marks) or rows.lag is None)
            and n_rows > usage_scatter.TABLED_AT
            and compiled(n_rows)
        ):
            with self._lock:
                rows = self._marked(rows)
            if not len(rows):
                return
        rows = self._packed(rows)
        if not len(rows) and self._parts:
            return
        n_rows = len(rows)
        if self._shrinks or rows.summed:
            rows = combine(rows)
            self._shrinks = 4 * len(rows) < 3 * n_rows
        with self._lock:
            self._put(rows)

    def _packed(self, rows: Rows | Marks) -> Rows:
        return rows.rows(self._minor_bits) if isinstance(rows, Marks) else rows

    def _put(self, rows: Rows) -> None:
        self._parts.append(rows)
        self._waiting += len(rows)
        if self._waiting > self._limit:
            self._limit = max(MERGE_AT, 2 * len(self._sorted()))

    def _marked(self, rows: Rows | Marks) -> Rows | Marks:
        """Mark rows in the table, and return those it has no place for; a full table is emptied onto the pile."""
        if self._table is None:
            self._table, parts, self._parts, self._waiting = self._blank(rows), self._parts, [], 0
            for part in parts:
                self._put(self._packed(self._table.add(part)))
        left = self._table.add(rows)
        if left is not rows:
            return left
        full, self._table = self._table, self._blank(rows)
        self._put(_sums(full))
        left = rows if full.sparse else self._table.add(rows)
        self._tabled = left is not rows
        return left

    def _blank(self, rows: Rows | Marks) -> DayTable | DaySums:
        return DaySums(self._n_expected) if rows.summed else DayTable(self._minor_bits, self._n_expected)

    def merged(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> Rows | LaidOut:
        """Return everything on the pile, merged, keys renamed first; a ``Rows`` without values if nothing was added."""
        rows = self._sorted(rename)
        for marks in (self._table, self._lists):
            if marks is not None and marks.n_rows:
                marked = marks.rows(rename)
                return union(marked, rows) if len(rows) else marked
        return rows

    def _sorted(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> Rows:
        parts, self._parts = self._parts, []
        if rename is not None:
            parts = [Rows(rename(part.key), part.lag, part.values) for part in parts]
        self._parts = [combine(_concatenated(parts))] if parts else []
        self._waiting = sum(map(len, self._parts))
        return self._parts[0] if self._parts else Rows(np.empty(0, np.int64))


def _in_order(rows: Rows | Marks) -> bool:
    """Tell whether rows of a batch lie as near in time as in a file that was written day by day."""
    if isinstance(rows, Rows) or not len(rows):
        return True
    first, last = rows.span()
    return last - first < usage_scatter.MOST_SPREAD


def _sums(table: DayTable | DaySums) -> Rows:
    rows = table.rows()
    return Rows(rows.key, None, rows.values)


def _concatenated(parts: list[Rows]) -> Rows:
    lags = [part.lag for part in parts if part.lag is not None]
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    return Rows(np.concatenate([part.key for part in parts]), np.concatenate(lags) if lags else None, values)
