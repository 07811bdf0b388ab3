"""Keys of member and day marked in tables by day instead of sorted: the compiled path behind piles of usage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Marks, Rows
from cs_ml.timeline.loops import loops

__all__ = ["TABLED_AT", "DayTable", "compiled", "union"]

DAYS = 1 << 16
TABLED_AT = 1 << 22  # rows from which on tables are full enough to be quicker than sorting
MOST_SPREAD = 128  # days of a batch; rows in the order of accounts touch every page with each batch, and sort quicker
MOST_MEMBERS = 1 << 26  # codes from here on are kept in the pile: they would make wide tables of little
MOST_BYTES = 1 << 28
BYTES_A_ROW = 12  # of all rows that will come: a table that grows stands beside itself for a moment
PAGES = 1 << 10
WORDS_A_ROW = 8  # a table with more words for each row in it does not pay


def compiled(n_rows: int) -> SimpleNamespace | None:
    """Return the compiled loops where so many rows pay for them; nothing where numba is not installed."""
    return loops("cs_ml.engine.usage_scatter_kernels", n_rows)


def _needed() -> SimpleNamespace:
    found = loops("cs_ml.engine.usage_scatter_kernels", 1 << 62)
    if found is None:
        raise ModuleNotFoundError("numba is not installed; install the extra `fast`")
    return found


class DayTable:
    """Marks members by day: a bit a member on the page of each day, with sums where there are values.

    Rows of one day touch one page only. Files are mostly written in order of time, so the pages at work stay in the
    cache; nothing is sorted, not even at the end, because pages and places are read in order.

    Parameters
    ----------
    minor_bits
        Low bits of a member code that are few of the numbers they could hold (features of an account).
    n_expected
        Rows that will come to all tables in turn, as far as is known: the more, the larger a table may be.

    Examples
    --------
    >>> table = DayTable()
    >>> len(table.add(Rows(np.array([5 << 16 | 9, 2 << 16 | 9, 5 << 16 | 9, 5 << 16 | 7]), count="rows")))
    0
    >>> rows = table.rows()
    >>> rows.code.tolist(), rows.counts.tolist(), rows.day.tolist(), rows.values["rows"].tolist()
    ([2, 5], [1, 2], [9, 7, 9], [1, 1, 2])
    """

    def __init__(self, minor_bits: int = 0, n_expected: int = 0) -> None:
        self._loops = _needed()
        self._minor_bits = minor_bits
        self._most = min(BYTES_A_ROW * n_expected, MOST_BYTES) if n_expected else MOST_BYTES // 2
        self._page_of = np.full(DAYS, -1, np.int32)
        self._days = np.empty(DAYS, np.int64)
        self._n_days, self._majors, self._span = 0, 0, 64 if minor_bits else 1
        self._bits = np.zeros((0, 0), np.uint64)
        self._sums = np.zeros((0, 0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self.n_rows = 0

    @property
    def sparse(self) -> bool:
        """Whether the table is too large for the rows in it."""
        return _words(self._majors, self._span) * self._n_days >= WORDS_A_ROW * self.n_rows

    def add(self, rows: Rows | Marks) -> Rows | Marks:
        """Mark rows, none of them late; return those without a place here: all of them where the table is full.

        Parameters
        ----------
        rows
            In any order; with the same names of values every time.
        """
        marks = rows if isinstance(rows, Marks) else rows.marks(self._minor_bits)
        minor = marks.code if marks.minor is None else marks.minor
        self._names = (*([marks.count] if marks.count else []), *marks.values)
        code, minor, day = (_narrow(column) for column in (marks.code, minor, marks.day))
        found = np.empty(3, np.int64)
        self._loops.extent(code, minor, day, MOST_MEMBERS, self._page_of, self._days, self._n_days, found)
        n_days, major, low = found.tolist()
        if not self._fit(n_days, major + 1, low + 1):
            return rows
        strays = np.empty(len(marks), np.int64)
        self._loops.mark(
            code, minor, day, MOST_MEMBERS, self._span if self._minor_bits else 0, self._page_of,
            self._bits, self._sums, _table(marks.values, len(marks)), marks.count is not None, strays, found,
        )  # fmt: skip
        self.n_rows += int(found[0])
        return rows.take(strays[: found[1]])

    def _fit(self, n_days: int, majors: int, minors: int) -> bool:
        """Make room for new days and members, unless that takes too much of it."""
        majors, span = max(majors, self._majors), self._span
        if self._minor_bits and minors > span:
            span = 1 << (minors - 1).bit_length()
        words = _words(majors, span)
        if n_days * words * 8 * (1 + 64 * len(self._names)) > self._most:
            self._page_of[self._days[self._n_days : n_days]] = -1
            return False
        n_before, (pages, held) = self._n_days, self._bits.shape
        fits = n_days <= pages and words <= held and span == self._span
        old_span, self._n_days, self._majors, self._span = self._span, n_days, majors, span
        if not fits:
            pages = pages if n_days <= pages else max(n_days + PAGES, 2 * pages)  # room not used takes no memory
            group, held = max(span // 64, 1), held * span // old_span
            held = held if words <= held else -(-(words + words // 8) // group) * group
            self._bits = _moved(self._bits[:n_before], pages, held, max(old_span // 64, 1), group)
            n_names = len(self._names)
            old = self._sums[:n_before].reshape(n_before, self._sums.shape[1] * self._sums.shape[2])
            self._sums = _moved(old, pages, held * 64 * n_names, old_span * n_names, span * n_names)
            self._sums = self._sums.reshape(pages, held * 64, n_names)
        return True

    def rows(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> LaidOut:
        """Return what was marked, sorted by member and day.

        Parameters
        ----------
        rename
            Other keys for keys, one for one, days unchanged.
        """
        n_words, pages = _words(self._majors, self._span), slice(self._n_days)
        bits, days = self._bits[pages], self._days[pages]
        counts = np.zeros(64 * n_words, np.int64)
        self._loops.per_place(bits, counts)
        place = np.flatnonzero(counts)
        code = place // self._span << self._minor_bits | place % self._span
        if rename is not None:
            code = rename(code << DAY_BITS) >> DAY_BITS
            order = np.argsort(code)
            place, code = place[order], code[order]
        found = counts[place]
        counts[place] = np.cumsum(found) - found  # from now on: where the days of each place begin
        day = np.empty(int(found.sum()), np.uint16)
        values = np.empty((len(self._names), len(day)), np.int64)
        self._loops.emit(bits, self._sums, days, np.argsort(days), counts, day, values)
        return LaidOut(code, found, day, dict(zip(self._names, values, strict=True)))


def _narrow(codes: np.ndarray) -> np.ndarray:
    return codes if codes.dtype == np.int32 else np.minimum(codes, MOST_MEMBERS).astype(np.int32)


def _words(majors: int, span: int) -> int:
    return -(-majors * span // 64)


def _table(values: Mapping[str, np.ndarray], n_rows: int) -> np.ndarray:
    return np.stack(list(values.values())) if values else np.empty((0, n_rows), np.int64)


def _moved(old: np.ndarray, pages: int, width: int, old_span: int, span: int) -> np.ndarray:
    table = np.zeros((pages, width), old.dtype)
    _copy(old, table, old_span, span)
    return table


def _copy(old: np.ndarray, table: np.ndarray, old_span: int, span: int) -> None:
    """Put an old table into a larger one, each group of ``old_span`` columns at the start of ``span``."""
    if not old.size:
        return
    groups = old.shape[1] // old_span
    table.reshape(len(table), -1, span)[: len(old), :groups, :old_span] = old.reshape(len(old), groups, old_span)


def union(left: Rows | LaidOut, right: Rows | LaidOut) -> Rows:
    """Merge two sets of rows without lag, each sorted with every key once, in one pass; values are added up.

    Examples
    --------
    >>> union(Rows(np.array([1, 5])), Rows(np.array([3, 5]))).key.tolist()
    [1, 3, 5]
    """
    one, other = (_table({name: part.values[name] for name in left.values}, len(part)) for part in (left, right))
    key = np.empty(len(left) + len(right), np.int64)
    values = np.empty((len(one), len(key)), np.int64)
    n_keys = _needed().union(left.key, right.key, one, other, key, values)
    return Rows(key[:n_keys], None, {name: column[:n_keys] for name, column in zip(left.values, values, strict=True)})
