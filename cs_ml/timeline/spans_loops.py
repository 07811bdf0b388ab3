"""The loop behind counts in windows, for :mod:`cs_ml.timeline.loops`."""

from __future__ import annotations

import numpy as np

__all__ = ["LOOPS"]


def _distinct(
    table: np.ndarray,
    width: int,
    low: int,
    starts: np.ndarray,
    group: np.ndarray,
    counts: np.ndarray,
    day: np.ndarray,
    known: np.ndarray,
    windows: np.ndarray,
    change: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add one where a member's newest sighting begins to count and take one away where it ends, then add up.

    ``width`` is 0 where all groups share the table. ``change`` has a row more than there are rows, and begins as zeros.
    """
    at = 0
    for member in range(len(group)):
        first, beyond = at, at + counts[member]
        at = beyond
        if first == beyond:
            continue
        own = group[member]
        offset, start = own * width - low, 0 if width else starts[own]
        begin = np.int64(table[offset + known[first] + 1])
        for place in range(first, beyond):
            until = starts[own + 1] - start
            if place + 1 < beyond:
                until = np.int64(table[offset + known[place + 1] + 1])
            if begin < until:
                for window in range(len(windows)):
                    end = np.int64(table[offset + day[place] + windows[window] + 1])
                    change[start + begin, window] += 1
                    change[start + max(min(end, until), begin), window] -= 1
            begin = until
    for window in range(len(windows)):
        total = 0
        for row in range(found.shape[1]):
            total += change[row, window]
            found[window, row] = total


LONG = "int64[::1], "
LOOPS = ((_distinct, f"void(int32[::1], int64, int64, {6 * LONG}int64[:, ::1], int64[:, ::1])"),)
