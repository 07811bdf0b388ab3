"""Usage in windows by compiled loops: account by account, rows known late included."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_columns import UNITS
from cs_ml.engine.usage_measures import ACTIVE, DISTINCT, IN_MILLIONTHS, SUMS, Question
from cs_ml.engine.usage_state import Days, UsageState, cumulated
from cs_ml.timeline.spans import in_order_known

__all__ = ["compiled_windows"]

Asked = Sequence[tuple[int, int, int]]
ALL_KNOWN, NO_VALUES = np.empty(0, np.uint16), np.empty(0, np.int64)


def compiled_windows(
    loops: SimpleNamespace, state: UsageState, group: np.ndarray, as_of: np.ndarray, question: Question
) -> dict[str, np.ndarray]:
    """Measure the rows of some accounts, sorted by account and day.

    Parameters
    ----------
    loops
        Compiled :mod:`~cs_ml.engine.usage_windows_kernels`.
    state
        State of these accounts.
    group, as_of
        Account and day of each row, shape (n,).
    question
        What is measured.
    """
    names = question.names(state)
    to, rows = {name: place for place, name in enumerate(names)}, _Rows(loops, state, group, as_of, question)
    backs = [(period, period * question.period_days) for period in range(question.periods)]
    lengths = (*question.windows, *([question.period_days] if backs else []))
    rows.edges(state.days, to["events_recency"])
    for kind, (value, part) in SUMS.items():
        if part is None or state.has(part):
            asked = [(window, 0, to[f"{kind}_{window}d"]) for window in question.windows]
            if kind == "events_count":
                asked += [(back + question.period_days, back, to[f"events_period_{period}"]) for period, back in backs]
            scale, counted = UNITS if value in IN_MILLIONTHS else 1, value in ACTIVE
            rows.sums(state.days, ACTIVE.get(value, value), asked, scale, counted=counted)
    for kind, field in DISTINCT.items():
        if (days := getattr(state, field)) is not None:
            asked = [(place, 0, to[f"{kind}_{window}d"]) for place, window in enumerate(question.windows)]
            if field == "users":
                asked += [(len(question.windows), back, to[f"users_period_{period}"]) for period, back in backs]
            rows.distinct(days, lengths, asked)
    return dict(zip(names, rows.found, strict=True))


class _Rows:
    """Rows of accounts, sorted by account and day, that loops fill."""

    def __init__(
        self, loops: SimpleNamespace, state: UsageState, group: np.ndarray, as_of: np.ndarray, question: Question
    ) -> None:
        self._loops, self._as_of = loops, as_of
        rows = np.bincount(group, minlength=state.n_accounts)
        self._starts, self._most = cumulated(rows), int(rows.max(initial=0))
        last = max(state.last_day, int(state.days.late_known.max(initial=0)))
        self._low, self._n_days = state.first_day, max(last + question.reach + 1 - state.first_day, 1) + 1
        self.found = np.empty((len(question.names(state)), len(as_of)))

    def sums(self, days: Days, value: str, asked: Asked, scale: float, *, counted: bool = False) -> None:
        """Fill sums of a value for (far, near, measure): over ``[as_of - far, as_of - near)``.

        Where it is counted, days on which it is above zero are, each once.
        """
        own, late_value = (part.get(value, NO_VALUES) for part in (days.values, days.late_values))
        if counted:
            late_value = first_active(days, value)
        offsets = sorted({offset for far, near, _ in asked for offset in (far, near)})
        spans = np.array([(offsets.index(far), offsets.index(near), to) for far, near, to in asked], np.int64)
        if not len(spans):
            return
        place, running = np.empty(self._n_days, np.uint32), np.empty(self._n_days + 1, np.int64)
        change = np.empty(self._most + 2, np.int64)
        at = np.empty((len(offsets), self._most), np.uint32)
        self._loops.sums(
            self._starts, self._as_of, days.starts[days.members], days.day, own, counted, _late_starts(days),
            days.late_day, days.late_known, late_value, np.array(offsets, np.int64), spans, scale, self._low, place,
            running, change, at, self.found,
        )  # fmt: skip

    def edges(self, days: Days, measure: int) -> None:
        """Fill the days since the newest day, and those since the oldest into the next measure."""
        starts, late, found = days.starts[days.members], _late_starts(days), self.found[measure : measure + 2]
        self._loops.edges(self._starts, self._as_of, starts, days.day, late, days.late_day, days.late_known, found)

    def distinct(self, part: Days, windows: Sequence[int], asked: Asked) -> None:
        """Fill how many members were seen, for (position of the window, days back, measure)."""
        if not asked:
            return
        self.found[[measure for _, _, measure in asked]] = 0
        if not len(part.late_member):
            self._distinct(part.members, part.starts, part.day, ALL_KNOWN, windows, asked)
            return
        counts, group = np.diff(part.starts), part.groups()
        behind = np.zeros(len(counts), bool)
        behind[part.late_member] = True
        member = np.repeat(np.arange(len(counts)), counts)
        late = behind[member]
        on_time = cumulated(np.where(behind, 0, counts))
        self._distinct(part.members, on_time, part.day[~late], ALL_KNOWN, windows, asked)
        day, known = (
            np.concatenate([part.day[late], days]).astype(np.int64) for days in (part.late_day, part.late_known)
        )
        member = np.concatenate([member[late], part.late_member])
        slowest = int((known - day).max())  # so many days back everything was known by its day
        for back in sorted({min(back, slowest) for _, back, _ in asked}):
            seen = in_order_known(group, member, day, np.maximum(day, known - back))
            own = [question for question in asked if min(question[1], slowest) == back]
            told = np.asarray(seen.known).astype(np.uint16)
            self._distinct(part.members, cumulated(seen.counts), seen.day.astype(np.uint16), told, windows, own)

    def _distinct(
        self,
        members: np.ndarray,
        starts: np.ndarray,
        day: np.ndarray,
        known: np.ndarray,
        windows: Sequence[int],
        asked: Asked,
    ) -> None:
        if not len(day):
            return
        last = np.zeros(len(day), bool)
        last[starts[1:] - 1] = True  # of a member without sightings it is that of one before, or of all
        n_dates = self._most * len({back for _, back, _ in asked}) + 2
        place, begins = np.empty(self._n_days, np.uint32), np.zeros(n_dates, np.int64)
        change, at = np.zeros((n_dates, len(windows)), np.int64), np.empty((len(asked), self._most), np.uint32)
        self._loops.distinct(
            self._starts, self._as_of, starts[members], day, known, last, np.array(windows, np.int64),
            np.array(asked, np.int64), self._low, place, begins, change, at, self.found,
        )  # fmt: skip


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
