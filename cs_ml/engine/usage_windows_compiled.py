"""Usage in windows by compiled loops: ranges of accounts side by side, rows known late included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_state import Days
from cs_ml.timeline.spans import in_order_known

__all__ = ["Accounts", "Asked"]

Asked = Sequence[tuple[int, int, int]]
RANGES_A_THREAD = 4
ALL_KNOWN, ALL_MEMBERS, NO_VALUES = np.empty(0, np.uint16), np.empty(0, bool), np.empty(0, np.int64)


@dataclass(frozen=True)
class Accounts:
    """Rows of accounts, sorted by account and date, that loops fill.

    Parameters
    ----------
    loops
        Compiled :mod:`~cs_ml.engine.usage_windows_kernels`.
    starts
        First row of each account, shape (accounts + 1,).
    as_of
        Day of each row.
    low, high
        First day with anything, and a day after all that windows may end on.
    found
        What is found, shape (measures, rows).
    threads
        Threads to use; each takes ranges of accounts.
    """

    loops: SimpleNamespace
    starts: np.ndarray
    as_of: np.ndarray
    low: int
    high: int
    found: np.ndarray
    threads: int

    def sums(self, days: Days, value: str, asked: Asked, scale: float, *, counted: bool = False) -> None:
        """Fill sums of a value for (far, near, measure): over ``[as_of - far, as_of - near)``.

        Where it is counted, days on which it is above zero are, each once.
        """
        own, late_value = (part.get(value, NO_VALUES) for part in (days.values, days.late_values))
        if counted:
            late_value = first_active(days, value)
        starts, late = days.starts[days.members], _late_starts(days)
        offsets = sorted({offset for far, near, _ in asked for offset in (far, near)})
        spans = np.array([(offsets.index(far), offsets.index(near), to) for far, near, to in asked], np.int64)
        back = np.array(offsets, np.int64)

        def fill(first: int, beyond: int) -> None:
            place = np.empty(self.high - self.low + 1, np.int32)
            ends, running, change = (
                np.empty(len(place), np.int64),
                np.empty(len(place), np.int64),
                np.empty(self._most + 2, np.int64),
            )
            self.loops.sums(
                first, beyond, self.starts, self.as_of, starts, days.day, own, counted, late, days.late_day,
                days.late_known, late_value, back, spans, scale, self.low, place, ends, running, change, self.found,
            )  # fmt: skip

        self._each(fill)

    def edges(self, days: Days, measure: int) -> None:
        """Fill the days since the newest day, and those since the oldest into the next measure."""
        starts, late, found = days.starts[days.members], _late_starts(days), self.found[measure : measure + 2]

        def fill(first: int, beyond: int) -> None:
            self.loops.edges(
                first, beyond, self.starts, self.as_of, starts, days.day, late, days.late_day, days.late_known, found
            )

        self._each(fill)

    def distinct(self, part: Days, windows: Sequence[int], asked: Asked) -> None:
        """Fill how many members were seen, for (position of the window, days back, measure)."""
        self.found[[measure for _, _, measure in asked]] = 0
        behind = np.zeros(len(part.starts) - 1, bool)
        behind[part.late_member] = True
        skipped = behind if len(part.late_member) else ALL_MEMBERS
        self._distinct(part.members, part.starts, part.day, ALL_KNOWN, skipped, windows, asked)
        if not len(part.late_member):
            return
        member = np.repeat(np.arange(len(behind)), np.diff(part.starts))
        on_time = np.flatnonzero(behind[member])
        member, group = np.concatenate([member[on_time], part.late_member]), part.groups()
        day, known = (
            np.concatenate([part.day[on_time], late]).astype(np.int64) for late in (part.late_day, part.late_known)
        )
        for back in sorted({back for _, back, _ in asked}):
            seen = in_order_known(group, member, day, np.maximum(day, known - back))
            starts = np.concatenate([[0], np.cumsum(seen.counts)])
            own = [question for question in asked if question[1] == back]
            told = np.asarray(seen.known).astype(np.uint16)
            self._distinct(part.members, starts, seen.day.astype(np.uint16), told, ALL_MEMBERS, windows, own)

    def _distinct(
        self,
        members: np.ndarray,
        starts: np.ndarray,
        day: np.ndarray,
        known: np.ndarray,
        skipped: np.ndarray,
        windows: Sequence[int],
        asked: Asked,
    ) -> None:
        questions, lengths = np.array(asked, np.int64), np.array(windows, np.int64)
        n_dates = self._most * len({back for _, back, _ in asked}) + 2

        def fill(first: int, beyond: int) -> None:
            place, begins = np.empty(self.high - self.low + 1, np.int32), np.zeros(n_dates, np.int64)
            change = np.zeros((n_dates, len(lengths)), np.int64)
            self.loops.distinct(
                first, beyond, self.starts, self.as_of, members, starts, day, known, skipped, lengths, questions,
                self.low, place, begins, change, self.found,
            )  # fmt: skip

        self._each(fill)

    @property
    def _most(self) -> int:
        return int(np.diff(self.starts).max(initial=0))

    def _each(self, fill: Callable[[int, int], None]) -> None:
        """Call for ranges of accounts, which do not touch each other's rows."""
        n_ranges = RANGES_A_THREAD * self.threads if self.threads > 1 else 1
        cuts = np.linspace(0, len(self.starts) - 1, n_ranges + 1).astype(int).tolist()
        if self.threads == 1:
            fill(cuts[0], cuts[1])
            return
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(fill, cuts[:-1], cuts[1:]))


def _late_starts(days: Days) -> np.ndarray:
    """Return the first late row of each account."""
    return np.searchsorted(days.late_member, days.members)


def first_active(days: Days, value: str) -> np.ndarray:
    """Return one for late rows that are the first to tell of a value on their day, else zero."""
    first = np.zeros(len(days.late_day), np.int64)
    if not len(first):
        return first
    late = np.flatnonzero(days.late_values[value] > 0)
    member = np.repeat(np.arange(len(days.starts) - 1), np.diff(days.starts))
    told = (member << 16 | days.day)[days.values[value] > 0]
    key = days.late_member[late] << 16 | days.late_day[late]
    first[late] = np.append(True, key[1:] != key[:-1])[: len(key)] & ~_among(key, told)
    return first


def _among(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return which keys are among known ones, which are sorted: many times as quick as hashing."""
    if not len(known):
        return np.zeros(len(keys), bool)
    return np.asarray(known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys)
