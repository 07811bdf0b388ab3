"""Usage in windows by NumPy alone: the same numbers where no loops are compiled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cs_ml.engine.usage_columns import UNITS
from cs_ml.engine.usage_measures import DISTINCT, IN_MILLIONTHS, SUMS, Question
from cs_ml.engine.usage_state import Days, UsageState
from cs_ml.engine.usage_sums import AccountSums
from cs_ml.timeline.day_index import DayIndex
from cs_ml.timeline.spans import Sightings, distinct_counts, in_order_known

__all__ = ["plain_windows"]

DAY_BITS = 20


def plain_windows(state: UsageState, group: np.ndarray, as_of: np.ndarray, question: Question) -> dict[str, np.ndarray]:
    """Measure the rows of a few accounts, sorted by account and day.

    Parameters
    ----------
    state
        State of these accounts.
    group, as_of
        Account and day of each row, shape (n,), n >= 1.
    question
        What is measured.
    """
    found = _Block(state, group, as_of, question).measures()
    return {name: np.asarray(found[name], np.float64) for name in question.names(state)}


class _Block:
    """Rows of a range of accounts, and what the state says of these accounts."""

    def __init__(self, state: UsageState, group: np.ndarray, as_of: np.ndarray, ask: Question) -> None:
        self.state, self.group, self.as_of, self.ask = state, group, as_of, ask
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(self.group, minlength=self.state.n_accounts))])
        self.beyond = max(state.last_day, int(self.state.days.late_known.max(initial=0))) + ask.reach + 1
        self.rows = self._index(self.starts, self.as_of)
        self._late: dict[tuple[int, int], Sightings] = {}

    def measures(self) -> dict[str, np.ndarray]:
        """Return all measures of the rows, in their order."""
        found = self._additive()
        for name, part in DISTINCT.items():
            if (days := getattr(self.state, part)) is not None:
                counts = self._distinct(days, self.ask.windows)
                found |= {f"{name}_{window}d": row for window, row in zip(self.ask.windows, counts, strict=True)}
        if self.state.users is not None and self.ask.periods:
            found |= {f"users_period_{i}": row for i, row in enumerate(self._periods(self.state.users))}
        return found

    def _index(self, starts: np.ndarray, dates: np.ndarray) -> DayIndex:
        return DayIndex(starts, dates, self.state.first_day, self.beyond)

    def _additive(self) -> dict[str, np.ndarray]:
        ends_at = [period * self.ask.period_days for period in range(self.ask.periods + 1)]
        sums = AccountSums(self.state, self.rows, self.group, self.as_of, {*self.ask.windows, *ends_at})
        found = {"events_recency": sums.recency(), "events_age": sums.age()}
        for kind, (value, part) in SUMS.items():
            if part is None or self.state.has(part):
                scale = UNITS if value in IN_MILLIONTHS else 1
                found |= {f"{kind}_{window}d": sums.window(value, window) / scale for window in self.ask.windows}
        ends = [sums.window("rows", end) for end in ends_at]
        return found | {f"events_period_{i}": ends[i + 1] - ends[i] for i in range(self.ask.periods)}

    def _distinct(self, part: Days, windows: Sequence[int]) -> np.ndarray:
        counts = distinct_counts(self.rows, _on_time(part), windows)
        if len(part.late_member):
            counts += distinct_counts(self.rows, self._with_late(part, 0), windows)
        return counts

    def _with_late(self, part: Days, shift: int) -> Sightings:
        key = id(part), shift  # the parts live as long as the block
        if key not in self._late:
            self._late[key] = _with_late(part, shift)
        return self._late[key]

    def _periods(self, part: Days) -> np.ndarray:
        """Count members a period: all periods end on one calendar of dates, so that one pass answers them all."""
        days = self.ask.period_days
        shifts = np.arange(self.ask.periods) * days
        moved = np.clip(self.as_of - shifts[:, None], self.state.first_day, self.beyond)
        found = self._on_calendar(moved, _on_time(part), days)
        if len(part.late_member):
            slowest = int((part.late_known.astype(np.int64) - part.late_day).max())
            for period in np.flatnonzero(shifts < slowest):
                rows, seen = self.rows.moved(int(shifts[period])), self._with_late(part, int(shifts[period]))
                found[period] += distinct_counts(rows, seen, [days])[0]
            all_known = shifts >= slowest
            found[all_known] += self._on_calendar(moved[all_known], _with_late(part, slowest), days)
        return found

    def _on_calendar(self, ends: np.ndarray, seen: Sightings, days: int) -> np.ndarray:
        """Count members in windows that end on the given days, shape (periods, rows)."""
        dates = np.sort((self.group << DAY_BITS | ends).ravel())
        dates = dates[np.diff(dates, prepend=-1) > 0]
        starts = np.searchsorted(dates >> DAY_BITS, np.arange(self.state.n_accounts + 1))
        calendar = self._index(starts, dates & ((1 << DAY_BITS) - 1))
        (counts,) = distinct_counts(calendar, seen, [days])
        return np.asarray(counts[calendar.find(np.broadcast_to(self.group, ends.shape), ends)])


def _behind(part: Days) -> np.ndarray:
    """Tell which members have late sightings."""
    behind = np.zeros(len(part.starts) - 1, bool)
    behind[part.late_member] = True
    return behind


def _on_time(part: Days) -> Sightings:
    """Return the sightings of members without late ones."""
    counts, group, day = np.diff(part.starts), part.groups(), part.day
    if len(part.late_member):
        chosen = ~_behind(part)
        day, counts, group = day[np.repeat(chosen, counts)], counts[chosen], group[chosen]
    return Sightings(group, counts, day)


def _with_late(part: Days, shift: int) -> Sightings:
    """Return the sightings of members with late ones, for rows whose dates were moved ``shift`` days into the past."""
    behind, member = _behind(part), part.late_member
    day, known = part.late_day, np.maximum(part.late_day, part.late_known.astype(np.int64) - shift)
    if part.starts[-1]:
        all_members = np.repeat(np.arange(len(behind)), np.diff(part.starts))
        on_time = np.flatnonzero(behind[all_members])
        member = np.concatenate([all_members[on_time], member])
        day, known = (np.concatenate([part.day[on_time], values]) for values in (day, known))
    return in_order_known(part.groups(), member, day, known)
