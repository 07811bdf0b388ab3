"""Loops behind usage in windows, for :mod:`cs_ml.timeline.loops`: one pass over what each account did."""

from __future__ import annotations

import numpy as np

__all__ = ["LOOPS"]


def _sums(  # noqa: C901, PLR0912, PLR0917  one loop, compiled
    row_starts: np.ndarray,
    as_of: np.ndarray,
    starts: np.ndarray,
    day: np.ndarray,
    value: np.ndarray,
    counted: int,
    late_starts: np.ndarray,
    late_day: np.ndarray,
    late_known: np.ndarray,
    late_value: np.ndarray,
    offsets: np.ndarray,
    spans: np.ndarray,
    scale: float,
    low: int,
    place: np.ndarray,
    running: np.ndarray,
    change: np.ndarray,
    at: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add a value up, or count where it is above zero, for spans of (far, near, row of found).

    A span covers the days from ``far`` to ``near`` before a row, which are positions in ``offsets``. ``place`` says how
    many of the days on which any begins or ends are over on a day, ``at`` which of them lies so far before each row.
    """
    width, before, n_ends, first = len(place), -1, 0, np.uint64(low)
    for account in range(len(row_starts) - 1):
        first_row, beyond_row = row_starts[account], row_starts[account + 1]
        n_rows = beyond_row - first_row
        if n_rows == 0:
            continue
        same = before >= 0 and row_starts[before + 1] - row_starts[before] == n_rows
        for row in range(n_rows if same else 0):
            same &= as_of[first_row + row] == as_of[row_starts[before] + row]
        if not same:
            place[:] = 0
            for row in range(first_row, beyond_row):
                for offset in range(len(offsets)):
                    place[min(max(as_of[row] - offsets[offset] - low, 0), width - 1)] = 1
            n_ends = 0
            for column in range(width):
                n_ends += place[column]
                place[column] = n_ends
            for offset in range(len(offsets)):
                for row in range(n_rows):
                    at[offset, row] = place[min(max(as_of[first_row + row] - offsets[offset] - low, 0), width - 1)] - 1
            before = account
        running[: n_ends + 1] = 0
        for entry in range(starts[account], starts[account + 1]):
            end = place[np.uint64(day[entry]) - first]
            running[end] += value[entry] > 0 if counted else value[entry]
        for end in range(1, n_ends):
            running[end] += running[end - 1]
        first_late, beyond_late = late_starts[account], late_starts[account + 1]
        for span in range(len(spans)):
            begins, stops = at[spans[span, 0]], at[spans[span, 1]]
            filled = found[spans[span, 2], first_row:beyond_row]
            if first_late == beyond_late:
                for row in range(n_rows):
                    filled[row] = running[stops[row]] - running[begins[row]]
                for row in range(n_rows if scale != 1 else 0):
                    filled[row] /= scale
                continue
            far, near, late = offsets[spans[span, 0]], offsets[spans[span, 1]], 0
            change[: n_rows + 1] = 0
            for entry in range(first_late, beyond_late):
                since = max(np.int64(late_known[entry]), np.int64(late_day[entry]) + near)
                begin = np.searchsorted(as_of[first_row:beyond_row], since + 1)
                end = np.searchsorted(as_of[first_row:beyond_row], np.int64(late_day[entry]) + far + 1)
                if begin < end:
                    change[begin] += late_value[entry]
                    change[end] -= late_value[entry]
            for row in range(n_rows):
                late += change[row]
                filled[row] = (running[stops[row]] - running[begins[row]] + late) / scale


def _edges(
    row_starts: np.ndarray,
    as_of: np.ndarray,
    starts: np.ndarray,
    day: np.ndarray,
    late_starts: np.ndarray,
    late_day: np.ndarray,
    late_known: np.ndarray,
    found: np.ndarray,
) -> None:
    """Write the days since the newest and since the oldest day known before each row, NaN where there is none."""
    for account in range(len(row_starts) - 1):
        first, entry, beyond = starts[account], starts[account], starts[account + 1]
        first_late, late, beyond_late = late_starts[account], late_starts[account], late_starts[account + 1]
        for row in range(row_starts[account], row_starts[account + 1]):
            date = as_of[row]
            while entry < beyond and day[entry] < date:
                entry += 1
            while late < beyond_late and late_day[late] < date:
                late += 1
            newest, oldest = np.int64(-1), np.int64(1 << 20)
            if entry > first:
                newest, oldest = np.int64(day[entry - 1]), np.int64(day[first])
            for place in range(late - 1, first_late - 1, -1):
                if late_known[place] < date:
                    newest = max(newest, np.int64(late_day[place]))
                    break
            for place in range(first_late, late):
                if late_known[place] < date:
                    oldest = min(oldest, np.int64(late_day[place]))
                    break
            found[0, row] = np.nan if newest < 0 else np.float64(date - newest)
            found[1, row] = np.nan if newest < 0 else np.float64(date - oldest)


def _distinct(  # noqa: C901, PLR0912, PLR0917  as above
    row_starts: np.ndarray,
    as_of: np.ndarray,
    starts: np.ndarray,
    day: np.ndarray,
    known: np.ndarray,
    last: np.ndarray,
    windows: np.ndarray,
    asked: np.ndarray,
    low: int,
    place: np.ndarray,
    begins: np.ndarray,
    change: np.ndarray,
    at: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add to ``found`` how many members of each row's account were seen, for (window, days back, row of found) asked.

    A sighting is its member's newest from the first date that knows it to the one that knows the next; it counts for
    those of them whose window reaches back to it. ``place`` says how many of the account's dates lie before a day,
    ``at`` which of them each question is about at each row, ``last`` which sightings are the last of their member;
    without ``known`` all was known at once.
    """
    n_windows, width, late, yesterday = len(windows), len(place), len(known) > 0, np.uint64(low - 1)
    before, n_dates = -1, 0
    for account in range(len(row_starts) - 1):
        first_row, beyond_row = row_starts[account], row_starts[account + 1]
        entry, beyond = starts[account], starts[account + 1]
        if first_row == beyond_row or entry == beyond:
            continue
        same = before >= 0 and row_starts[before + 1] - row_starts[before] == beyond_row - first_row
        for row in range(first_row, beyond_row if same else first_row):
            same &= as_of[row] == as_of[row - first_row + row_starts[before]]
        if not same:
            place[:] = 0
            for row in range(first_row, beyond_row):
                for question in range(len(asked)):
                    place[min(max(as_of[row] - asked[question, 1] - low, 0), width - 1)] = 1
            n_dates = 0
            for column in range(width):
                marked = place[column]
                place[column] = n_dates
                n_dates += marked
            for question in range(len(asked)):
                for row in range(beyond_row - first_row):
                    at[question, row] = place[min(max(as_of[first_row + row] - asked[question, 1] - low, 0), width - 1)]
            before = account
        upcoming = place[np.uint64(known[entry] if late else day[entry]) - yesterday]
        while entry < beyond:
            begin, until, own = upcoming, np.uint32(n_dates), np.uint64(day[entry]) - yesterday
            if entry + 1 < beyond:
                upcoming = place[np.uint64(known[entry + 1] if late else day[entry + 1]) - yesterday]
            if not last[entry]:
                until = upcoming
            entry += 1
            if begin < until:
                begins[begin] += 1
                for window in range(n_windows):
                    end = place[own + np.uint64(windows[window])]
                    change[max(min(end, until), begin), window] -= 1
        for window in range(n_windows):
            total = 0
            for date in range(n_dates + 1):
                total += begins[date] + change[date, window]
                change[date, window] = total
        for question in range(len(asked)):
            window, dates, filled = asked[question, 0], at[question], found[asked[question, 2], first_row:beyond_row]
            for row in range(beyond_row - first_row):
                filled[row] += change[dates[row], window]
        change[: n_dates + 1] = 0
        begins[: n_dates + 1] = 0


ROWS = "int64[::1], int64[::1], "
LATE = "int64[::1], uint16[::1], uint16[::1], "
SUMS = f"int64[::1], uint16[::1], int64[::1], int64, {LATE}int64[::1], int64[::1], int64[:, ::1], float64, int64, "
SEEN = "int64[::1], uint16[::1], uint16[::1], boolean[::1], int64[::1], int64[:, ::1], int64, "
LOOPS = (
    (_sums, f"void({ROWS}{SUMS}uint32[::1], int64[::1], int64[::1], uint32[:, ::1], float64[:, ::1])"),
    (_edges, f"void({ROWS}int64[::1], uint16[::1], {LATE}float64[:, ::1])"),
    (_distinct, f"void({ROWS}{SEEN}uint32[::1], int64[::1], int64[:, ::1], uint32[:, ::1], float64[:, ::1])"),
)
