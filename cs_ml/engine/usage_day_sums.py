"""Sums a member and day on pages by day, of which only those at work are held open: the compiled path of counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cs_ml.engine import usage_scatter
from cs_ml.engine.usage_rows import LaidOut, Marks, Rows
from cs_ml.engine.usage_scatter import DAYS, beyond, days_between, loops_needed, narrow, ordered, table_of

__all__ = ["DaySums"]

IDLE = 4  # batches without a row of its day, after which a page is closed: threads work on some days side by side
PLACES_A_ROW = 8  # pages with more places for each row in them do not pay
FREE = -1


class DaySums:
    """Adds values up on one page a day, a place a member; pages no batch has asked for lately become lists.

    Files are mostly written in order of time, so that few pages are open and stay in the cache; their lists take as
    much memory as there is to say. A day that comes again is opened again.

    Parameters
    ----------
    n_expected
        Rows that will come, as far as is known: the more, the more memory open pages may take.

    Examples
    --------
    >>> sums = DaySums()
    >>> len(sums.add(Rows(np.array([5 << 16 | 9, 2 << 16 | 9, 5 << 16 | 9, 5 << 16 | 7]), count="rows")))
    0
    >>> rows = sums.rows()
    >>> rows.code.tolist(), rows.counts.tolist(), rows.day.tolist(), rows.values["rows"].tolist()
    ([2, 5], [1, 2], [9, 7, 9], [1, 1, 2])
    """

    sparse = True  # once rows have no place here, later ones will not have one either

    def __init__(self, n_expected: int = 0) -> None:
        self._loops = loops_needed()
        self._most = usage_scatter.most_bytes(n_expected)
        self._page_of = np.full(DAYS, -1, np.int32)
        self._day_of, self._asked = np.empty(0, np.int64), np.empty(0, np.int64)
        self._seen, self._sums = np.zeros((0, 0), np.uint8), np.zeros((0, 0, 0), np.int64)
        self._counts = np.zeros(0, np.int64)  # days of each member in the lists
        self._lists: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._names: tuple[str, ...] = ()
        self._n_batches, self._n_opened, self.n_rows = 0, 0, 0

    def add(self, rows: Rows | Marks) -> Rows | Marks:
        """Add rows up, none of them late; return those without a place here: all of them where there is no room.

        Parameters
        ----------
        rows
            In any order; with the same names of values every time.
        """
        marks = rows if isinstance(rows, Marks) else rows.marks(0)
        self._names = (*([marks.count] if marks.count else []), *marks.values)
        code, day = narrow(marks.code), narrow(marks.day)
        if not len(code) or not self._with_pages(days_between(day, *marks.span()), beyond(code), len(code)):
            return rows
        strays, found = np.empty(len(marks), np.int64), np.empty(2, np.int64)
        self._loops.add_up(
            code, day, usage_scatter.MOST_MEMBERS, self._page_of, self._seen, self._sums,
            table_of(marks.values, len(marks)), marks.count is not None, strays, found,
        )  # fmt: skip
        self.n_rows += int(found[0])
        return rows.take(strays[: found[1]])

    def rows(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> LaidOut:
        """Return the sums, sorted by member and day.

        Parameters
        ----------
        rename
            Other keys for keys, one for one, days unchanged.
        """
        self._close(np.flatnonzero(self._day_of != FREE))
        code, found, starts = ordered(self._counts, 0, 1, rename)
        day = np.empty(int(found.sum()), np.uint16)
        values = np.empty((len(self._names), len(day)), np.int64)
        for number in sorted(self._lists):
            self._loops.lay_out(*self._lists[number], number, starts, day, values)
        return LaidOut(code, found, day, dict(zip(self._names, values, strict=True)))

    def _with_pages(self, days: np.ndarray, places: int, n_rows: int) -> bool:
        """Open a page for each day, unless that takes too much memory or work for so many rows."""
        places = max(places, len(self._counts))
        fresh = days[self._page_of[days] < 0]
        self._n_batches += 1
        if places * (self._n_opened + len(fresh)) > PLACES_A_ROW * (self.n_rows + n_rows):
            return False
        idle = self._asked < self._n_batches - IDLE
        idle[self._page_of[days[self._page_of[days] >= 0]]] = False
        self._close(np.flatnonzero(idle & (self._day_of != FREE)))
        n_pages = int((self._day_of != FREE).sum()) + len(fresh)
        if n_pages * places * (1 + 8 * len(self._names)) > self._most:
            return False
        self._make_room(n_pages, places)
        for number, page in zip(fresh.tolist(), np.flatnonzero(self._day_of == FREE).tolist(), strict=False):
            self._open(number, page)
        self._asked[self._page_of[days]] = self._n_batches
        return True

    def _make_room(self, n_pages: int, places: int) -> None:
        pages, held = self._seen.shape
        if n_pages <= pages and places <= held:
            return
        shape = pages if n_pages <= pages else 2 * n_pages, held if places <= held else places + places // 4
        seen, sums = np.zeros(shape, np.uint8), np.zeros((*shape, len(self._names)), np.int64)
        seen[:pages, :held], sums[:pages, :held] = self._seen, self._sums.reshape(pages, held, len(self._names))
        self._seen, self._sums = seen, sums
        self._counts = np.append(self._counts, np.zeros(shape[1] - held, np.int64))
        more = np.full(shape[0] - pages, FREE)
        self._day_of, self._asked = np.append(self._day_of, more), np.append(self._asked, more)

    def _open(self, day: int, page: int) -> None:
        """Give a day a page, with what its list says if it had one before."""
        self._page_of[day], self._day_of[page] = page, day
        self._n_opened += 1
        if day in self._lists:
            member, values = self._lists.pop(day)
            self._seen[page, member], self._sums[page, member] = 1, values.T
            self._counts[member] -= 1

    def _close(self, pages: np.ndarray) -> None:
        """Turn pages into lists, and make them blank."""
        places, n_names = len(self._counts), len(self._names)
        for page in pages.tolist():
            member, values = np.empty(places, np.int32), np.empty((n_names, places), np.int64)
            length = self._loops.drain(self._seen[page], self._sums[page], member, values, self._counts)
            day = int(self._day_of[page])
            self._lists[day] = member[:length].copy(), values[:, :length].copy()
            self._page_of[day], self._day_of[page] = -1, FREE
