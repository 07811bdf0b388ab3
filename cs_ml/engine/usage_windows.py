"""Usage in windows before many dates at once, from the state by day: any accounts, any dates, any windows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_columns import UNITS
from cs_ml.engine.usage_state import Days, Part, UsageState
from cs_ml.engine.usage_sums import AccountSums
from cs_ml.engine.usage_windows_compiled import Accounts
from cs_ml.errors import FrameError
from cs_ml.timeline.day_index import DayIndex
from cs_ml.timeline.loops import loops
from cs_ml.timeline.spans import Sightings, distinct_counts, in_order_known

__all__ = ["usage_windows"]

DAY_BITS = 20
MOST_LATE = 0.01  # of what is looked at: many late rows are sorted for each period, side by side in NumPy the quicker
CELLS = 1 << 19  # accounts by days looked at together: their arrays stay in the cache
SUMS: dict[str, tuple[str, Part | None]] = {  # measure: value of the state, column it needs
    "events_count": ("rows", None),
    "quantity_sum": ("quantity", "quantity"),
    "days_distinct": ("days", None),
    "active_users_sum": ("active_users", "active"),
    "active_rows_count": ("active_rows", "active"),
    "logins_count": ("logins", "login"),
    "logins_days": ("login_days", "login"),
}
ACTIVE = {"days": "rows", "login_days": "logins"}
IN_MILLIONTHS = ("quantity", "active_users")
DISTINCT = {"users_distinct": "users", "features_distinct": "features", "logins_users": "logins"}  # measure: field


def usage_windows(
    state: UsageState,
    account_codes: np.ndarray,
    as_of_days: np.ndarray,
    windows: Sequence[int] = (7, 30, 90, 180),
    *,
    periods: int = 0,
    period_days: int = 30,
    threads: int = 1,
) -> dict[str, np.ndarray]:
    """Measure usage before each row ``(account, as_of)``; a window of ``w`` days covers ``[as_of - w, as_of)``.

    Additive measures are differences of prefix sums, distinct counts are exact and come from spans
    (:mod:`cs_ml.timeline.spans`); only what happened and was known before ``as_of`` is seen.

    Parameters
    ----------
    state
        Reduced usage.
    account_codes
        Account of each row, shape (n,); in any order, the same row may come twice.
    as_of_days
        Days since 1970-01-01, shape (n,).
    windows
        Days to look back, each at least one.
    periods, period_days
        How many consecutive periods of how many days to measure besides; period 0 is the newest.
    threads
        Threads that work on ranges of accounts; the result does not depend on it.

    Returns
    -------
    dict of str to numpy.ndarray of float64
        Shape (n,) each: ``events_count_{w}d``, ``days_distinct_{w}d`` and, where the table has the columns,
        ``quantity_sum_{w}d``, ``active_users_sum_{w}d`` and ``active_rows_count_{w}d``,
        ``users_distinct_{w}d``, ``features_distinct_{w}d``, ``logins_count_{w}d``,
        ``logins_days_{w}d`` and ``logins_users_{w}d``; ``events_recency`` and ``events_age``, days since the last
        and since the first event, NaN where there was none; ``events_period_{i}`` and ``users_period_{i}``.

    Raises
    ------
    FrameError
        If shapes differ, a code is outside the state, or a window is shorter than a day.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from cs_ml.engine.usage_reduce import reduce_usage
    >>> from cs_ml.timeline.clock import Clock
    >>> at = np.array(["1970-03-01", "1970-03-02"], dtype="datetime64[us]")
    >>> state = reduce_usage([pa.record_batch({"account_id": ["a", "a"], "event_at": at})], ["a"], Clock())
    >>> found = usage_windows(state, np.array([0, 0]), np.array([60, 61]), windows=[1])
    >>> {name: values.tolist() for name, values in found.items() if name.startswith("events")}
    {'events_count_1d': [1.0, 1.0], 'events_recency': [1.0, 1.0], 'events_age': [1.0, 2.0]}
    """
    codes, as_of = np.asarray(account_codes, np.int64), np.asarray(as_of_days, np.int64)
    _check(state, codes, as_of, windows)
    ask = _Question(tuple(windows), periods, period_days)
    order = None if _is_sorted(codes, as_of) else np.lexsort((as_of, codes))
    if order is not None:
        codes, as_of = codes[order], as_of[order]
    n_late, n_steps = len(state.days.late_day), _sightings(state) + len(codes)
    compiled = loops("cs_ml.engine.usage_windows_kernels", n_steps) if n_late <= MOST_LATE * n_steps else None
    if compiled is not None:
        rows = _compiled(compiled, state, codes, as_of, ask, threads)
        return rows if order is None else {name: row[np.argsort(order)] for name, row in rows.items()}
    found = {name: np.empty(len(codes)) for name in ask.names(state)}

    def fill(rows: slice) -> None:
        where = rows if order is None else order[rows]
        for name, values in _Block(state, codes[rows], as_of[rows], ask).measures().items():
            found[name][where] = values

    blocks = _blocks(state, codes, ask)
    if threads == 1:
        list(map(fill, blocks))
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, blocks))
    return found


def _compiled(
    compiled: SimpleNamespace, state: UsageState, codes: np.ndarray, as_of: np.ndarray, ask: _Question, threads: int
) -> dict[str, np.ndarray]:
    names = ask.names(state)
    to, found = {name: place for place, name in enumerate(names)}, np.empty((len(names), len(codes)))
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=state.n_accounts))])
    high = max(state.last_day, int(state.days.late_known.max(initial=0))) + ask.reach + 1
    rows = Accounts(compiled, starts, as_of, state.first_day, max(high, state.first_day + 1), found, threads)
    backs = [(period, period * ask.period_days) for period in range(ask.periods)]
    rows.edges(state.days, to["events_recency"])
    for kind, (value, part) in SUMS.items():
        if part is None or state.has(part):
            asked = [(window, 0, to[f"{kind}_{window}d"]) for window in ask.windows]
            if kind == "events_count":
                asked += [(back + ask.period_days, back, to[f"events_period_{period}"]) for period, back in backs]
            scale, counted = UNITS if value in IN_MILLIONTHS else 1, value in ACTIVE
            rows.sums(state.days, ACTIVE.get(value, value), asked, scale, counted=counted)
    for kind, field in DISTINCT.items():
        if (days := getattr(state, field)) is not None:
            asked = [(place, 0, to[f"{kind}_{window}d"]) for place, window in enumerate(ask.windows)]
            if field == "users":
                asked += [(len(ask.windows), back, to[f"users_period_{period}"]) for period, back in backs]
            rows.distinct(days, (*ask.windows, ask.period_days), asked)
    return dict(zip(names, found, strict=True))


@dataclass(frozen=True)
class _Question:
    windows: tuple[int, ...]
    periods: int
    period_days: int

    @property
    def reach(self) -> int:
        """Days that the longest look back takes."""
        return max([*self.windows, self.periods * self.period_days], default=1)

    def names(self, state: UsageState) -> list[str]:
        """Names of all measures, in their order."""
        kinds = [kind for kind, (_, part) in SUMS.items() if part is None or state.has(part)]
        kinds += [kind for kind, part in DISTINCT.items() if getattr(state, part) is not None]
        named = [f"{kind}_{window}d" for kind in kinds for window in self.windows]
        parts = ["events", "users"] if state.users is not None else ["events"]
        return [
            *named,
            "events_recency",
            "events_age",
            *(f"{part}_period_{i}" for part in parts for i in range(self.periods)),
        ]


def _check(state: UsageState, codes: np.ndarray, as_of: np.ndarray, windows: Sequence[int]) -> None:
    if codes.shape != as_of.shape or codes.ndim != 1:
        raise FrameError(f"expected one as_of an account code, found shapes {codes.shape} and {as_of.shape}")
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < state.n_accounts:
        raise FrameError(
            f"expected account codes from 0 to {state.n_accounts - 1}, found {codes.min()} to {codes.max()}"
        )
    if any(window < 1 for window in windows) or len(set(windows)) < len(windows):
        raise FrameError(f"expected windows of at least one day, each once, found {list(windows)}")


def _sightings(state: UsageState) -> int:
    return sum(len(days.day) for part in DISTINCT.values() if (days := getattr(state, part)) is not None)


def _is_sorted(codes: np.ndarray, as_of: np.ndarray) -> bool:
    return bool(((codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (as_of[1:] >= as_of[:-1]))).all())


def _blocks(state: UsageState, codes: np.ndarray, ask: _Question) -> list[slice]:
    """Cut sorted rows into ranges of accounts small enough for tables of account by day."""
    width = state.last_day - state.first_day + ask.reach + 2
    step = max(CELLS // width, 1)
    cuts = np.unique(np.searchsorted(codes, np.arange(0, state.n_accounts + step, step)))
    return [slice(start, stop) for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]


class _Block:
    """Rows of a range of accounts, and what the state says of these accounts."""

    def __init__(self, state: UsageState, codes: np.ndarray, as_of: np.ndarray, ask: _Question) -> None:
        low = int(codes[0])
        self.state = state.accounts(low, int(codes[-1]) + 1)
        self.group, self.as_of, self.ask = codes - low, as_of, ask
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
