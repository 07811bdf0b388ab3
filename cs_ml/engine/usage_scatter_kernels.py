"""Loops behind the tables of usage by day, for :mod:`cs_ml.timeline.loops`."""

from __future__ import annotations

import numpy as np

__all__ = ["LOOPS"]

LINE = 8  # words of a cache line
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
PLACES = np.zeros(64, np.int64)
PLACES[[int(np.uint64((int(DE_BRUIJN) << bit) & (2**64 - 1)) >> np.uint64(58)) for bit in range(64)]] = np.arange(64)


def _mark(
    code: np.ndarray,
    minor: np.ndarray,
    day: np.ndarray,
    most: int,
    span: int,
    page_of: np.ndarray,
    bits: np.ndarray,
    strays: np.ndarray,
    found: np.ndarray,
) -> None:
    """Set the bit of each row, list the rows whose code has no place; find how many of each.

    Members without a minor part have a span of 0; ``minor`` is any array then.
    """
    n_marked, n_strays = 0, 0
    for row in range(len(code)):
        major, low = code[row], minor[row] if span else np.int32(0)
        if major < 0 or low < 0:
            continue
        if major >= most:
            strays[n_strays] = row
            n_strays += 1
            continue
        page, place = np.uint64(page_of[np.uint64(day[row])]), np.uint64(major * span + low if span else major)
        bits[page, place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))
        n_marked += 1
    found[0], found[1] = n_marked, n_strays


def _add_up(
    code: np.ndarray,
    day: np.ndarray,
    most: int,
    page_of: np.ndarray,
    seen: np.ndarray,
    sums: np.ndarray,
    values: np.ndarray,
    count: int,
    strays: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add the values of each row, and one where rows are counted, to its place; list the rows without a place."""
    n_added, n_strays, n_values = 0, 0, len(values)
    for row in range(len(code)):
        if code[row] < 0:
            continue
        if code[row] >= most:
            strays[n_strays] = row
            n_strays += 1
            continue
        page, place = np.uint64(page_of[np.uint64(day[row])]), np.uint64(code[row])
        seen[page, place] = 1
        n_added += 1
        if count:
            sums[page, place, 0] += 1
        if n_values:
            sums[page, place, count] += values[0, row]
        for name in range(1, n_values):
            sums[page, place, name + count] += values[name, row]
    found[0], found[1] = n_added, n_strays


def _drain(seen: np.ndarray, sums: np.ndarray, member: np.ndarray, values: np.ndarray, counts: np.ndarray) -> int:
    """List the members of a page and their sums, count their days, make the page blank; return how many there are."""
    n_members = 0
    for place in range(len(counts)):
        if seen[place]:
            member[n_members] = place
            for name in range(len(values)):
                values[name, n_members] = sums[place, name]
                sums[place, name] = 0
            counts[place] += 1
            seen[place] = 0
            n_members += 1
    return n_members


def _lay_out(
    member: np.ndarray, sums: np.ndarray, number: int, start: np.ndarray, day: np.ndarray, values: np.ndarray
) -> None:
    """Write the list of a day, the next day of each of its members."""
    for row in range(len(member)):
        to = start[member[row]]
        start[member[row]] = to + 1
        day[to] = number
        for name in range(len(values)):
            values[name, to] = sums[name, row]


def _per_place(bits: np.ndarray, counts: np.ndarray, planes: np.ndarray, carry: np.ndarray) -> None:
    """Count the pages on which each place is marked: many words side by side, in binary digits of one plane each."""
    n_words = len(counts) >> 6
    for first in range(0, n_words, len(carry)):
        width = min(len(carry), n_words - first)
        planes[:] = 0
        for page in range(len(bits)):
            for word in range(width):
                carry[word] = bits[page, first + word]
            for plane in range(len(planes)):
                some = np.uint64(0)
                for word in range(width):
                    digit, marked = planes[plane, word], carry[word]
                    planes[plane, word] = digit ^ marked
                    carry[word] = digit & marked
                    some |= digit & marked
                if not some:
                    break
        for plane in range(len(planes)):
            for word in range(width):
                for bit in range(64):
                    digit = planes[plane, word] >> np.uint64(bit) & np.uint64(1)
                    counts[(first + word) * 64 + bit] += np.int64(digit) << plane


def _emit(bits: np.ndarray, days: np.ndarray, order: np.ndarray, start: np.ndarray, day: np.ndarray) -> None:
    """Write the days of each place, ascending, from its start on, a line of words at a time."""
    n_words = len(start) >> 6
    for first in range(0, n_words, LINE):
        for page in order:
            for word in range(first, min(first + LINE, n_words)):
                left = bits[page, word]
                while left:
                    place = word * 64 + PLACES[(left & (~left + np.uint64(1))) * DE_BRUIJN >> np.uint64(58)]
                    left &= left - np.uint64(1)
                    day[start[place]] = days[page]
                    start[place] += 1


def _union(
    left: np.ndarray,
    right: np.ndarray,
    left_values: np.ndarray,
    right_values: np.ndarray,
    key: np.ndarray,
    values: np.ndarray,
) -> int:
    """Merge two sorted lists of keys, each key once, adding up their values; return how many there are."""
    one, other, n_keys = 0, 0, 0
    while one < len(left) or other < len(right):
        from_left = other == len(right) or (one < len(left) and left[one] <= right[other])
        from_right = one == len(left) or (other < len(right) and right[other] <= left[one])
        key[n_keys] = left[one] if from_left else right[other]
        for name in range(len(values)):
            values[name, n_keys] = (left_values[name, one] if from_left else 0) + (
                right_values[name, other] if from_right else 0
            )
        n_keys += 1
        one += from_left
        other += from_right
    return n_keys


def _find(
    direct: np.ndarray,
    code: np.ndarray,
    keys: np.ndarray,
    multipliers: np.ndarray,
    shift: int,
    words: np.ndarray,
    found: np.ndarray,
) -> None:
    """Look keys up: small numbers directly, others in open addressing with linear probing; -1 where not known."""
    n_words, last = words.shape[1], len(code) - 1
    for row in range(len(words)):
        if n_words == 1 and words[row, 0] < len(direct):
            found[row] = direct[words[row, 0]] - 1
            continue
        mixed = np.uint64(0)
        for word in range(n_words):
            mixed += words[row, word] * multipliers[word % 64]
        slot = np.int64(mixed >> np.uint64(shift))
        while True:
            held = code[slot]
            if held < 0:
                found[row] = -1
                break
            same = True
            for word in range(n_words):
                same &= keys[held, word] == words[row, word]
            if same:
                found[row] = held
                break
            slot = (slot + 1) & last


def _find_small(direct: np.ndarray, numbers: np.ndarray, found: np.ndarray) -> int:
    """Look small whole numbers up directly; -1 where one is not known, -2 where it is not small. Return how many."""
    n_others = 0
    for row in range(len(numbers)):
        number, code = numbers[row], np.int32(-2)
        if 0 <= number < len(direct):
            code = direct[np.uint64(number)] - np.int32(1)
        found[row] = code
        n_others += int(code == -2)
    return n_others


def _add(
    direct: np.ndarray,
    code: np.ndarray,
    keys: np.ndarray,
    multipliers: np.ndarray,
    shift: int,
    words: np.ndarray,
    n_keys: int,
    found: np.ndarray,
) -> int:
    """Give keys that are not there the next codes, in the order they come; return how many keys there are then.

    Small numbers are not searched for where keys are one word: they are noted where they are looked up directly.
    """
    n_words, last = words.shape[1], len(code) - 1
    for row in range(len(words)):
        if n_words == 1 and words[row, 0] < len(direct):
            number = words[row, 0]
            if direct[number] == 0:
                keys[n_keys, 0] = number
                n_keys += 1
                direct[number] = n_keys
            found[row] = direct[number] - 1
            continue
        mixed = np.uint64(0)
        for word in range(n_words):
            mixed += words[row, word] * multipliers[word % 64]
        slot = np.int64(mixed >> np.uint64(shift))
        while True:
            held = code[slot]
            if held < 0:
                held = np.int32(n_keys)
                for word in range(n_words):  # before the code, because others look keys up meanwhile
                    keys[held, word] = words[row, word]
                code[slot] = held
                n_keys += 1
            same = True
            for word in range(n_words):
                same &= keys[held, word] == words[row, word]
            if same:
                found[row] = held
                break
            slot = (slot + 1) & last
    return n_keys


def _away(home: np.ndarray, account: np.ndarray, user: np.ndarray, rows: np.ndarray) -> int:
    """List the rows whose user does not belong to the account, and return how many."""
    n_rows = 0
    for row in range(len(user)):
        if home[user[row]] != account[row]:
            rows[n_rows] = row
            n_rows += 1
    return n_rows


def _settle(home: np.ndarray, account: np.ndarray, user: np.ndarray, rows: np.ndarray) -> int:
    """Give users without a home the account they are seen in; list the rows of the others, and return how many."""
    n_rows = 0
    for place in range(len(rows)):
        row = rows[place]
        if home[user[row]] < 0:
            home[user[row]] = account[row]
        if home[user[row]] != account[row]:
            rows[n_rows] = row
            n_rows += 1
    return n_rows


ROWS = "int64[::1], int64[::1])"
SUMS = "uint8[:, ::1], int64[:, :, ::1], int64[:, ::1], int64, "
LOOPS = (
    (_mark, f"void(int32[::1], int32[::1], int32[::1], int64, int64, int32[::1], uint64[:, ::1], {ROWS}"),
    (_add_up, f"void(int32[::1], int32[::1], int64, int32[::1], {SUMS}{ROWS}"),
    (_drain, "int64(uint8[::1], int64[:, ::1], int32[::1], int64[:, ::1], int64[::1])"),
    (_lay_out, "void(int32[::1], int64[:, ::1], int64, int64[::1], uint16[::1], int64[:, ::1])"),
    (_per_place, "void(uint64[:, ::1], int64[::1], uint64[:, ::1], uint64[::1])"),
    (_emit, "void(uint64[:, ::1], int64[::1], int64[::1], int64[::1], uint16[::1])"),
    (_union, "int64(int64[::1], int64[::1], int64[:, ::1], int64[:, ::1], int64[::1], int64[:, ::1])"),
    (_find, "void(int32[::1], int32[::1], uint64[:, ::1], uint64[::1], int64, uint64[:, ::1], int32[::1])"),
    (_find_small, "int64(int32[::1], int32[::1], int32[::1])"),
    (_add, "int64(int32[::1], int32[::1], uint64[:, ::1], uint64[::1], int64, uint64[:, ::1], int64, int32[::1])"),
    (_away, "int64(int32[::1], int32[::1], int32[::1], int64[::1])"),
    (_settle, "int64(int32[::1], int32[::1], int32[::1], int64[::1])"),
)
