"""Loops behind usage in windows, for :mod:`cs_ml.timeline.loops`: one pass over what each account did."""

from __future__ import annotations

import numpy as np

__all__ = ["LOOPS"]


def _sums(  # noqa: C901, PLR0912, PLR0917  one loop, compiled
    low_account: int,
    high_account: int,
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
    ends: np.ndarray,
    running: np.ndarray,
    change: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add a value up, or count where it is above zero, for spans of (far, near, row of found).

    A span covers the days from ``far`` to ``near`` before a row, which are positions in ``offsets``. ``ends`` are the
    days on which any begins or ends.
    """
    width, before, n_ends = len(place), -1, 0
    for account in range(low_account, high_account):
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
                if place[column]:
                    ends[n_ends] = low + column
                    place[column] = n_ends
                    n_ends += 1
            before = account
        entry, beyond, total = starts[account], starts[account + 1], 0
        for end in range(n_ends):
            while entry < beyond and day[entry] < ends[end]:
                total += value[entry] > 0 if counted else value[entry]
                entry += 1
            running[end] = total
        change[: n_rows + 1] = 0
        for span in range(len(spans)):
            far, near, to = offsets[spans[span, 0]], offsets[spans[span, 1]], spans[span, 2]
            for entry in range(late_starts[account], late_starts[account + 1]):
                since = max(np.int64(late_known[entry]), np.int64(late_day[entry]) + near)
                begin = np.searchsorted(as_of[first_row:beyond_row], since + 1)
                end = np.searchsorted(as_of[first_row:beyond_row], np.int64(late_day[entry]) + far + 1)
                if begin < end:
                    change[begin] += late_value[entry]
                    change[end] -= late_value[entry]
            late = 0
            for row in range(n_rows):
                date = as_of[first_row + row] - low
                begin, end = place[min(max(date - far, 0), width - 1)], place[min(max(date - near, 0), width - 1)]
                late += change[row]
                change[row] = 0
                found[to, first_row + row] = (running[end] - running[begin] + late) / scale
            change[n_rows] = 0


def _edges(
    low_account: int,
    high_account: int,
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
    for account in range(low_account, high_account):
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
    low_account: int,
    high_account: int,
    row_starts: np.ndarray,
    as_of: np.ndarray,
    members: np.ndarray,
    starts: np.ndarray,
    day: np.ndarray,
    known: np.ndarray,
    skipped: np.ndarray,
    windows: np.ndarray,
    asked: np.ndarray,
    low: int,
    place: np.ndarray,
    begins: np.ndarray,
    change: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add to ``found`` how many members of each row's account were seen, for (window, days back, row of found) asked.

    A sighting is its member's newest from the first date that knows it to the one that knows the next; it counts for
    those of them whose window reaches back to it. ``place`` says how many of the account's dates lie before a day;
    without ``known`` all was known at once.
    """
    n_windows, width, late = len(windows), len(place), len(known) > 0
    before, n_dates = -1, 0
    for account in range(low_account, high_account):
        first_row, beyond_row = row_starts[account], row_starts[account + 1]
        if first_row == beyond_row or members[account] == members[account + 1]:
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
            before = account
        for member in range(members[account], members[account + 1]):
            entry, beyond = starts[member], starts[member + 1]
            if entry == beyond or (len(skipped) and skipped[member]):
                continue
            seen = np.int64(known[entry] if late else day[entry])
            begin = place[seen + 1 - low]
            while entry < beyond:
                until = np.int32(n_dates)
                if entry + 1 < beyond:
                    seen = np.int64(known[entry + 1] if late else day[entry + 1])
                    until = place[seen + 1 - low]
                if begin < until:
                    begins[begin] += 1
                    own = np.int64(day[entry]) + 1 - low
                    for window in range(n_windows):
                        end = place[own + windows[window]]
                        change[max(min(end, until), begin), window] -= 1
                begin = until
                entry += 1
        for window in range(n_windows):
            total = 0
            for date in range(n_dates + 1):
                total += begins[date] + change[date, window]
                change[date, window] = total
        for row in range(first_row, beyond_row):
            for question in range(len(asked)):
                date = place[min(max(as_of[row] - asked[question, 1] - low, 0), width - 1)]
                found[asked[question, 2], row] += change[date, asked[question, 0]]
        change[: n_dates + 1] = 0
        begins[: n_dates + 1] = 0


ROWS = "int64, int64, int64[::1], int64[::1], "
LATE = "int64[::1], uint16[::1], uint16[::1], "
SUMS = f"int64[::1], uint16[::1], int64[::1], int64, {LATE}int64[::1], int64[::1], int64[:, ::1], float64, int64, "
SEEN = "int64[::1], int64[::1], uint16[::1], uint16[::1], boolean[::1], int64[::1], int64[:, ::1], int64, "
LOOPS = (
    (_sums, f"void({ROWS}{SUMS}int32[::1], int64[::1], int64[::1], int64[::1], float64[:, ::1])"),
    (_edges, f"void({ROWS}int64[::1], uint16[::1], {LATE}float64[:, ::1])"),
    (_distinct, f"void({ROWS}{SEEN}int32[::1], int64[::1], int64[:, ::1], float64[:, ::1])"),
)
