"""Loops behind marks laid out by counting, for :mod:`cs_ml.timeline.loops`."""

from __future__ import annotations

import numpy as np

__all__ = ["LOOPS"]


def _count(code: np.ndarray, renamed: np.ndarray, counts: np.ndarray) -> None:
    """Count the rows of each code, as it is called in the end."""
    for row in range(len(code)):
        counts[np.uint32(renamed[np.uint32(code[row])])] += 1


def _pack(
    code: np.ndarray, minor: np.ndarray, day: np.ndarray, renamed: np.ndarray, starts: np.ndarray, keys: np.ndarray
) -> None:
    """Put code, renamed minor and day of each row into one number, rows of the same minor behind each other."""
    for row in range(len(code)):
        low = np.uint32(renamed[np.uint32(minor[row])])
        to = np.uint32(starts[low])
        starts[low] += 1
        keys[to] = np.uint64(code[row]) << np.uint64(32) | np.uint64(low) << np.uint64(16) | np.uint64(day[row])


def _place_keys(keys: np.ndarray, starts: np.ndarray, entries: np.ndarray) -> None:
    """Put minor and day of each packed row where those of its code begin."""
    for row in range(len(keys)):
        code = keys[row] >> np.uint64(32)
        to = np.uint32(starts[code])
        starts[code] += 1
        entries[to] = np.uint32(keys[row])


def _place(
    code: np.ndarray,
    day: np.ndarray,
    renamed: np.ndarray,
    values: np.ndarray,
    starts: np.ndarray,
    entries: np.ndarray,
    placed: np.ndarray,
) -> None:
    """Put day and values of each row where those of its code begin."""
    for row in range(len(code)):
        called = np.uint32(renamed[np.uint32(code[row])])
        to = np.uint32(starts[called])
        starts[called] += 1
        entries[to] = np.uint32(day[row])
        for name in range(len(values)):
            placed[name, to] = values[name, row]


def _merge(
    ends: np.ndarray,
    entries: np.ndarray,
    minor_bits: int,
    code: np.ndarray,
    counts: np.ndarray,
    day: np.ndarray,
    first: np.ndarray,
    found: np.ndarray,
) -> None:
    """Make one of rows that agree in all; find how many members and days there are.

    The rows of a code end at ``ends``, those of its minors and days lie in order. ``first`` is filled, where it has
    room, with the first row of each day.
    """
    n_members, n_days, row = 0, 0, 0
    for major in range(len(ends)):
        fresh, before = True, np.uint32(0)
        while row < ends[major]:
            entry = entries[row]
            n_members += fresh or entry >> np.uint32(16) != before >> np.uint32(16)
            fresh = fresh or entry != before
            n_days += fresh
            member, last = np.uint64(n_members - 1), np.uint64(n_days - 1)
            code[member] = major << minor_bits | np.int64(entry >> np.uint32(16))
            counts[member] += fresh
            day[last] = entry & np.uint32(0xFFFF)
            if len(first):
                first[last] = row if fresh else first[last]
            fresh, before = False, entry
            row += 1
    found[0], found[1] = n_members, n_days


LIST = "int32[::1], int32[::1], "
LOOPS = (
    (_count, "void(int32[::1], int32[::1], int32[::1])"),
    (_pack, f"void({LIST}int32[::1], {LIST}uint64[::1])"),
    (_place_keys, "void(uint64[::1], int32[::1], uint32[::1])"),
    (_place, f"void({LIST}int32[::1], int64[:, ::1], int32[::1], uint32[::1], int64[:, ::1])"),
    (_merge, "void(int32[::1], uint32[::1], int64, int64[::1], int64[::1], uint16[::1], int32[::1], int64[::1])"),
)
