"""Keys of member and day marked in tables by day instead of sorted: the compiled path of who was seen when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Marks, Rows
from cs_ml.timeline.loops import loops

__all__ = [
    "TABLED_AT", "DayTable", "beyond", "compiled", "days_between", "loops_needed", "most_bytes", "narrow", "ordered",
    "table_of", "union",
]  # fmt: skip

DAYS = 1 << 16
TABLED_AT = 1 << 22  # rows from which on tables are full enough to be quicker than sorting
MOST_SPREAD = 128  # days of a batch; rows in the order of accounts touch every page with each batch, and sort quicker
MOST_MEMBERS = 1 << 26  # codes from here on are kept in the pile: they would make wide tables of little
MOST_BYTES = 1 << 28
BYTES_A_ROW = 12  # of all rows that will come: a table that grows stands beside itself for a moment
PAGES = 1 << 10
LINE = 256  # words whose marks are counted side by side
WORDS_A_ROW = 8  # a table with more words for each row in it does not pay


def compiled(n_rows: int) -> SimpleNamespace | None:
    """Return the compiled loops where so many rows pay for them; nothing where numba is not installed."""
    return loops("cs_ml.engine.usage_scatter_kernels", n_rows)


def loops_needed() -> SimpleNamespace:
    """Return the compiled loops however many rows there are."""
    found = loops("cs_ml.engine.usage_scatter_kernels", 1 << 62)
    if found is None:
        raise ModuleNotFoundError("numba is not installed; install the extra `fast`")
    return found


class DayTable:
    """Marks members by day: a bit a member on the page of each day.

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
    >>> len(table.add(Rows(np.array([5 << 16 | 9, 2 << 16 | 9, 5 << 16 | 9, 5 << 16 | 7]))))
    0
    >>> rows = table.rows()
    >>> rows.code.tolist(), rows.counts.tolist(), rows.day.tolist()
    ([2, 5], [1, 2], [9, 7, 9])
    """

    def __init__(self, minor_bits: int = 0, n_expected: int = 0) -> None:
        self._loops = loops_needed()
        self._minor_bits = minor_bits
        self._most = most_bytes(n_expected)
        self._page_of = np.full(DAYS, -1, np.int32)
        self._days = np.empty(DAYS, np.int64)
        self._n_days, self._majors, self._span = 0, 0, 64 if minor_bits else 1
        self._bits = np.zeros((0, 0), np.uint64)
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
            In any order, without values.
        """
        marks = rows if isinstance(rows, Marks) else rows.marks(self._minor_bits)
        minor = marks.code if marks.minor is None else marks.minor
        code, minor, day = (narrow(column) for column in (marks.code, minor, marks.day))
        if not len(code) or not self._fit(
            self._with_pages(days_between(day, *marks.span())), beyond(code), beyond(minor)
        ):
            return rows
        strays, found = np.empty(len(marks), np.int64), np.empty(2, np.int64)
        self._loops.mark(
            code, minor, day, MOST_MEMBERS, self._span if self._minor_bits else 0, self._page_of, self._bits,
            strays, found,
        )  # fmt: skip
        self.n_rows += int(found[0])
        return rows.take(strays[: found[1]])

    def _with_pages(self, days: np.ndarray) -> int:
        """Give days not seen before the next pages, and return how many days there are then."""
        fresh = days[self._page_of[days] < 0]
        n_days = self._n_days + len(fresh)
        self._page_of[fresh] = np.arange(self._n_days, n_days)
        self._days[self._n_days : n_days] = fresh
        return n_days

    def _fit(self, n_days: int, majors: int, minors: int) -> bool:
        """Make room for new days and members, unless that takes too much of it."""
        majors, span = max(majors, self._majors), self._span
        if self._minor_bits and minors > span:
            span = 1 << (minors - 1).bit_length()
        words = _words(majors, span)
        if n_days * words * 8 > self._most:
            self._page_of[self._days[self._n_days : n_days]] = -1
            return False
        n_before, (pages, held) = self._n_days, self._bits.shape
        fits = n_days <= pages and words <= held and span == self._span
        old_span, self._n_days, self._majors, self._span = self._span, n_days, majors, span
        if not fits:
            pages = pages if n_days <= pages else max(n_days + PAGES, 2 * pages)  # room not used takes no memory
            group, held = max(span // 64, 1), held * span // old_span
            held = held if words <= held else -(-(words + words // 4) // group) * group
            bits = np.zeros((pages, held), np.uint64)
            _copy(self._bits[:n_before], bits, max(old_span // 64, 1), group)
            self._bits = bits
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
        planes, line = np.empty((self._n_days.bit_length(), LINE), np.uint64), np.empty(LINE, np.uint64)
        self._loops.per_place(bits, counts, planes, line)
        code, found, starts = ordered(counts, self._minor_bits, self._span, rename)
        day = np.empty(int(found.sum()), np.uint16)
        self._loops.emit(bits, days, np.argsort(days), starts, day)
        return LaidOut(code, found, day)


def ordered(
    counts: np.ndarray, minor_bits: int, span: int, rename: Callable[[np.ndarray], np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the members that have days, ascending, how many each has, and where those of each place begin.

    Parameters
    ----------
    counts
        Days of each place.
    minor_bits, span
        Low bits of a code, and how many places they have in the table.
    rename
        Other keys for keys, one for one.
    """
    place, starts = np.flatnonzero(counts), np.zeros(len(counts), np.int64)
    code = place // span << minor_bits | place % span
    if rename is not None:
        code = rename(code << DAY_BITS) >> DAY_BITS
        order = np.argsort(code)
        place, code = place[order], code[order]
    found = counts[place]
    starts[place] = np.cumsum(found) - found
    return code, found, starts


def most_bytes(n_expected: int) -> int:
    """Return what a table may take where so many rows are expected, 0 where that is not known."""
    return min(BYTES_A_ROW * n_expected, MOST_BYTES) if n_expected else MOST_BYTES // 2


def days_between(day: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return the days of rows, each once; where they lie near each other, those between them, too."""
    return np.arange(first, last + 1) if last - first < MOST_SPREAD else np.unique(day)


def beyond(codes: np.ndarray) -> int:
    """Return the number after the largest code that has a place in a table."""
    largest = int(codes.max())
    return 1 + (largest if largest < MOST_MEMBERS else int(codes[codes < MOST_MEMBERS].max(initial=-1)))


def narrow(codes: np.ndarray) -> np.ndarray:
    """Return codes as the loops take them; those too large for a table all become one."""
    return codes if codes.dtype == np.int32 else np.minimum(codes, MOST_MEMBERS).astype(np.int32)


def _words(majors: int, span: int) -> int:
    return -(-majors * span // 64)


def table_of(values: Mapping[str, np.ndarray], n_rows: int) -> np.ndarray:
    """Return values as a table, a row a name."""
    if len(values) == 1:
        (column,) = values.values()
        return np.ascontiguousarray(column, np.int64)[None]
    return np.stack(list(values.values())) if values else np.empty((0, n_rows), np.int64)


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
    one, other = (table_of({name: part.values[name] for name in left.values}, len(part)) for part in (left, right))
    key = np.empty(len(left) + len(right), np.int64)
    values = np.empty((len(one), len(key)), np.int64)
    n_keys = loops_needed().union(left.key, right.key, one, other, key, values)
    return Rows(key[:n_keys], None, {name: column[:n_keys] for name, column in zip(left.values, values, strict=True)})
