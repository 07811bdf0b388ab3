"""Additive measures of usage before many dates: prefix sums over days, and what became known late."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from cs_ml.engine.usage_state import UsageState
from cs_ml.timeline.day_index import DayIndex
from cs_ml.timeline.spans import late_sums, newest_day

__all__ = ["AccountSums"]

FLIP = 1 << 20  # later than any day: turns the oldest into the newest


class AccountSums:
    """Sums, active days, first and last day before each row of a range of accounts.

    Parameters
    ----------
    state
        State of these accounts.
    rows
        Index of the rows.
    group, as_of
        Account and day of each row, sorted, shape (n,).
    windows
        Windows that will be asked for.
    """

    def __init__(
        self, state: UsageState, rows: DayIndex, group: np.ndarray, as_of: np.ndarray, windows: Collection[int]
    ) -> None:
        days = state.days
        self._rows, self._group, self._as_of = rows, group, as_of
        self._first, self._beyond = state.first_day, state.last_day + 1
        self._starts, self._day = days.starts[days.members], days.day
        asked = None if len(days.late_day) else self._asked(windows)
        self._entries = DayIndex(self._starts, days.day, self._first, self._beyond, asked)
        self._late = days.groups()[days.late_member], days.late_day, days.late_known
        self._values = {"rows": np.empty(0, np.int64), **days.values}
        self._late_values = dict(days.late_values)
        for active, value in (("days", "rows"), ("login_days", "logins")):
            if value in self._values:
                self._add_active(active, value)
        self._positions: dict[int, np.ndarray] = {}
        self._prefix: dict[str, np.ndarray] = {}
        self._sums: dict[tuple[str, int], np.ndarray] = {}

    def window(self, value: str, window: int) -> np.ndarray:
        """Return the sum within a window.

        Parameters
        ----------
        value
            ``rows``, ``quantity``, ``logins``, or the number of days with rows (``days``) or logins (``login_days``).
        window
            Days to look back.

        Returns
        -------
        numpy.ndarray of int64
            Shape (n,).
        """
        total: np.ndarray = self._running(value, 0) - self._running(value, window)
        if len(self._late[0]):
            total += late_sums(self._rows, *self._late, self._late_values[value], window)
        return total

    def recency(self) -> np.ndarray:
        """Return the days since the last event, NaN where there was none; float64, shape (n,)."""
        until = self._position(0)
        newest = np.full(len(until), -1, np.int64)
        seen = until > self._starts[self._group]
        newest[seen] = self._day[until[seen] - 1]
        if len(self._late[0]):
            newest = np.maximum(newest, newest_day(self._rows, *self._late))
        return np.where(newest < 0, np.nan, self._as_of - newest)

    def age(self) -> np.ndarray:
        """Return the days since the first event, NaN where there was none; float64, shape (n,)."""
        first = self._starts[self._group]
        oldest = np.full(len(first), FLIP, np.int64)
        seen = self._position(0) > first
        oldest[seen] = self._day[first[seen]]
        if len(self._late[0]):
            group, day, known = self._late
            oldest = np.minimum(oldest, FLIP - newest_day(self._rows, group, FLIP - day.astype(np.int64), known))
        return np.where(oldest >= FLIP, np.nan, self._as_of - oldest)

    def _asked(self, windows: Collection[int]) -> np.ndarray | None:
        """Return the days on which windows begin or end, where all accounts share them and they are few."""
        if not self._rows.shared:
            return None
        dates = self._as_of[: self._rows.starts[1], None] - np.array([0, *windows])
        asked = np.unique(np.clip(dates, self._first, self._beyond))
        return asked if 2 * len(asked) < self._beyond - self._first else None

    def _running(self, value: str, window: int) -> np.ndarray:
        """Return the sum up to the begin of a window, from a fixed origin."""
        if value == "days":  # one a day: the position is the sum
            return self._position(window)
        if (value, window) not in self._sums:
            if value not in self._prefix:
                self._prefix[value] = np.concatenate([[0], np.cumsum(self._values[value])])
            self._sums[value, window] = self._prefix[value].take(self._position(window))
        return self._sums[value, window]

    def _position(self, window: int) -> np.ndarray:
        """Return the first day on or after the begin of a window, as a position among all days."""
        if window not in self._positions:
            begin = np.clip(self._as_of - window, self._first, self._beyond)
            self._positions[window] = self._entries.find(self._group, begin)
        return self._positions[window]

    def _add_active(self, active: str, value: str) -> None:
        """Count a day once: on time where it was known on time, else when it became known first."""
        on_time = self._values[value] > 0
        self._values[active] = on_time.astype(np.int64)
        if not len(self._late[0]):
            return
        group, day, _ = self._late
        late = np.flatnonzero(self._late_values[value] > 0)
        place = self._entries.find(group[late], day[late])
        exists = self._entries.find(group[late], day[late].astype(np.int64) + 1) > place
        same = group[late] << 16 | day[late].astype(np.int64)
        first = np.append(True, same[1:] != same[:-1])[: len(same)]
        first[exists] &= ~on_time[place[exists]]
        self._late_values[active] = np.zeros(len(group), np.int64)
        self._late_values[active][late[first]] = 1
