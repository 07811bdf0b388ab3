"""Counts in windows that look back from many dates at once: prefix sums, and spans for what is counted distinctly.

Days are whole numbers. A row ``(group, as_of)`` may see what happened and was known before its ``as_of``; a window of
``w`` days covers ``[as_of - w, as_of)``. Costs grow with what was seen and with the rows asked for, hardly with the
number of windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from cs_ml.timeline.day_index import DayIndex
from cs_ml.timeline.loops import loops

__all__ = ["Sightings", "distinct_counts", "in_order_known", "late_sums", "newest_day"]

DAY_BITS = 17
LOW = (1 << DAY_BITS) - 1


@dataclass(frozen=True)
class Sightings:
    """Days on which members were seen, sorted by member and by the day each was known.

    Parameters
    ----------
    group
        Group of each member, shape (members,).
    counts
        How many sightings each member has, shape (members,).
    day
        Day each happened, shape (sightings,).
    known
        Day each was known, never before ``day``; ``None`` where that is the same day throughout.
    """

    group: np.ndarray
    counts: np.ndarray
    day: np.ndarray
    known: np.ndarray | None = None


def in_order_known(group: np.ndarray, member: np.ndarray, day: np.ndarray, known: np.ndarray) -> Sightings:
    """Return the sightings that are the newest known of their member at some time.

    One that became known later than a newer one never decides when the member was last seen.

    Parameters
    ----------
    group
        Group of each member, shape (members,).
    member, day, known
        Sightings in any order, shape (n,); members are positions, days at least 0 and below 2**17.

    Examples
    --------
    >>> one = np.zeros(1, int)
    >>> seen = in_order_known(one, np.zeros(3, int), np.array([5, 8, 6]), np.array([9, 8, 7]))
    >>> seen.counts.tolist(), seen.day.tolist(), seen.known.tolist()
    ([2], [6, 8], [7, 8])
    """
    packed = member.astype(np.int64)
    for column in (known, day):
        packed <<= DAY_BITS
        packed += column
    if not (packed[1:] >= packed[:-1]).all():
        packed.sort()
    newest = packed >> 2 * DAY_BITS  # by member and day
    newest <<= DAY_BITS
    newest += packed & LOW
    later = np.ones(len(packed), bool)
    np.greater(newest[1:], np.maximum.accumulate(newest)[:-1], out=later[1:])
    packed = packed[later]
    counts = np.bincount(packed >> 2 * DAY_BITS, minlength=len(group))
    return Sightings(group, counts, packed & LOW, packed >> DAY_BITS & LOW)


def distinct_counts(rows: DayIndex, seen: Sightings, windows: Sequence[int]) -> np.ndarray:
    """Count, exactly, the members seen within each window before each row.

    A sighting is its member's newest from the first row that may know it to the last row before the member's next
    sighting becomes known; it counts for those of them whose window reaches back to it. So it adds one where these
    rows begin and takes one away where they end, and a running sum over the rows gives every count.

    Parameters
    ----------
    rows
        Index of the rows; rows of a group lie side by side, sorted by ``as_of``.
    seen
        Sightings, of every member in the order known.
    windows
        Days each window looks back.

    Returns
    -------
    numpy.ndarray of int64
        Shape (windows, rows).

    Examples
    --------
    >>> rows = DayIndex(np.array([0, 3]), np.array([10, 20, 30]), low=0, high=50)
    >>> seen = Sightings(np.array([0, 0]), np.array([2, 1]), np.array([9, 12, 15]))
    >>> distinct_counts(rows, seen, [7, 20]).tolist()
    [[1, 1, 0], [1, 2, 2]]
    """
    compiled = loops("cs_ml.timeline.spans_loops", len(seen.day))
    if compiled is not None:
        return _compiled_counts(compiled, rows, seen, windows)
    spans = _spans(rows, seen)
    n_rows = int(rows.starts[-1])
    begins = np.bincount(spans.begin, minlength=n_rows + 1)
    counts = np.empty((len(windows), n_rows), np.int64)
    whole = np.zeros(n_rows + 1, np.int64)  # ends of spans that no longer window cuts short
    for position in np.argsort(windows):
        end = spans.ends(rows, windows[position])
        counts[position] = np.cumsum(begins - whole - np.bincount(end, minlength=n_rows + 1))[:-1]
        cut = end < spans.until
        if 2 * np.count_nonzero(cut) < len(cut):
            whole += np.bincount(spans.until[~cut], minlength=n_rows + 1)
            spans = spans.take(np.flatnonzero(cut))
    return counts


def _compiled_counts(compiled: SimpleNamespace, rows: DayIndex, seen: Sightings, windows: Sequence[int]) -> np.ndarray:
    n_rows = int(rows.starts[-1])
    change = np.zeros((n_rows + 1, len(windows)), np.int64)
    counts = np.empty((len(windows), n_rows), np.int64)
    known = seen.day if seen.known is None else seen.known
    group = np.asarray(seen.group, np.int64)
    asked = np.array(windows, np.int64)
    table, width, low, starts = rows.laid_out()
    own = [np.ascontiguousarray(column, np.int64) for column in (seen.counts, seen.day, known)]
    compiled.distinct(table.astype(np.int32), width, low, starts, group, *own, asked, change, counts)
    return counts


@dataclass(frozen=True)
class _Spans:
    """Rows for which a sighting is its member's newest; arrays of shape (spans,)."""

    begin: np.ndarray
    until: np.ndarray
    day: np.ndarray
    offset: np.ndarray | int
    start: np.ndarray | int
    late: bool

    def take(self, chosen: np.ndarray) -> _Spans:
        offset = self.offset if isinstance(self.offset, int) else self.offset[chosen]
        start = self.start if isinstance(self.start, int) else self.start[chosen]
        return _Spans(self.begin[chosen], self.until[chosen], self.day[chosen], offset, start, self.late)

    def ends(self, rows: DayIndex, window: int) -> np.ndarray:
        """Return the first row that a window before it no longer reaches the sighting, or knows a newer one."""
        end: np.ndarray = np.add(rows.look_up(self.offset, self.day, window + 1), self.start, dtype=np.int64)
        np.minimum(end, self.until, out=end)
        return np.maximum(end, self.begin, out=end) if self.late else end


def _spans(rows: DayIndex, seen: Sightings) -> _Spans:
    """Return the spans that hold any row."""
    offset, start = rows.places(seen.group)
    begin = rows.look_up(_repeated(offset, seen.counts), seen.day if seen.known is None else seen.known, 1)
    until = np.empty_like(begin)
    until[:-1] = begin[1:]
    some = seen.counts > 0
    ends = rows.starts[seen.group[some] + 1] - (start if isinstance(start, int) else start[some])
    until[np.cumsum(seen.counts)[some] - 1] = ends
    kept = np.flatnonzero(begin < until)
    member = np.repeat(np.arange(len(seen.counts), dtype=np.int32), seen.counts)[kept]
    offset = offset if isinstance(offset, int) else offset[member]
    start = start if isinstance(start, int) else start[member]
    begin, until = (np.add(place[kept], start, dtype=np.int64) for place in (begin, until))
    return _Spans(begin, until, seen.day[kept], offset, start, seen.known is not None)


def _repeated(values: np.ndarray | int, counts: np.ndarray) -> np.ndarray | int:
    return values if isinstance(values, int) else np.repeat(values, counts)


def late_sums(
    rows: DayIndex, group: np.ndarray, day: np.ndarray, known: np.ndarray, value: np.ndarray, window: int | None
) -> np.ndarray:
    """Add up values that became known on a later day than they happened, for each row.

    Parameters
    ----------
    rows
        Index of the rows.
    group, day, known, value
        What happened, when, when it was known, and a whole number to add up; shape (n,).
    window
        Days to look back; ``None`` for ever.

    Returns
    -------
    numpy.ndarray of int64
        Shape (rows,).

    Examples
    --------
    >>> rows = DayIndex(np.array([0, 3]), np.array([10, 20, 30]), low=0, high=50)
    >>> one = np.array([0])
    >>> late_sums(rows, one, np.array([5]), np.array([12]), np.array([4]), 20).tolist()
    [0, 4, 0]
    """
    change = np.zeros(int(rows.starts[-1]) + 1, np.int64)
    begin = rows.find(group, known.astype(np.int64) + 1)
    end = (
        rows.starts[group + 1]
        if window is None
        else np.maximum(begin, rows.find(group, day.astype(np.int64) + (window + 1)))
    )
    np.add.at(change, begin, value)
    np.subtract.at(change, end, value)
    return np.cumsum(change)[:-1]


def newest_day(rows: DayIndex, group: np.ndarray, day: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the newest day that each row may know of, -1 where there is none.

    Parameters
    ----------
    rows
        Index of the rows.
    group, day, known
        What happened, when (day >= 0), and when it was known; shape (n,).

    Examples
    --------
    >>> rows = DayIndex(np.array([0, 2, 3]), np.array([10, 20, 20]), low=0, high=50)
    >>> newest_day(rows, np.array([0, 0]), np.array([5, 3]), np.array([12, 9])).tolist()
    [3, 5, -1]
    """
    newest = np.full(int(rows.starts[-1]) + 1, -1, np.int64)
    packed = group.astype(np.int64) << 32 | day.astype(np.int64)
    begin = rows.find(group, known.astype(np.int64) + 1)
    inside = begin < rows.starts[group + 1]
    np.maximum.at(newest, begin[inside], packed[inside])
    newest = np.maximum.accumulate(newest[:-1])
    own = np.repeat(np.arange(len(rows.starts) - 1), np.diff(rows.starts))
    return np.where(newest >> 32 == own, newest & (2**32 - 1), -1)
