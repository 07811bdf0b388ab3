"""Usage in windows before many dates at once, from the state by day: any accounts, any dates, any windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_blocks import Arrays, by_block
from cs_ml.engine.usage_measures import DISTINCT, Question
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_windows_compiled import compiled_windows
from cs_ml.engine.usage_windows_plain import plain_windows
from cs_ml.timeline.loops import loops

__all__ = ["usage_windows"]

ROWS = 1 << 14  # measured together: their arrays stay in the cache
CELLS = 1 << 19  # accounts by days that NumPy looks at together, for the same reason


def _whole(found: Arrays, _: np.ndarray) -> Arrays:
    return found


def usage_windows(
    state: UsageState,
    account_codes: np.ndarray,
    as_of_days: np.ndarray,
    windows: Sequence[int] = (7, 30, 90, 180),
    *,
    periods: int = 0,
    period_days: int = 30,
    threads: int = 1,
    made_of: Callable[[Arrays, np.ndarray], Arrays] = _whole,
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
    made_of
        What to return instead of the measures, from those of some rows and where these rows are among all: arrays of
        float64, shape (rows,), of the same names each time.

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
    question, n_rows = Question(tuple(windows), periods, period_days), max(len(account_codes), 1)
    compiled = _loops(state, n_rows)
    if compiled is None:
        accounts_a_block = CELLS // (state.last_day - state.first_day + question.reach + 2)
    else:
        accounts_a_block = ROWS * max(state.n_accounts, 1) // n_rows

    def measure(part: UsageState, group: np.ndarray, as_of: np.ndarray, where: np.ndarray) -> Arrays:
        if not len(group):
            found: Arrays = dict.fromkeys(question.names(part), np.empty(0))
        elif compiled is None:
            found = plain_windows(part, group, as_of, question)
        else:
            found = compiled_windows(compiled, part, group, as_of, question)
        return made_of(found, where)

    return by_block(state, account_codes, as_of_days, measure, max(accounts_a_block, 1), threads=threads)


def _loops(state: UsageState, n_rows: int) -> SimpleNamespace | None:
    seen = [
        len(days.day) + len(days.late_day) for part in DISTINCT.values() if (days := getattr(state, part)) is not None
    ]
    return loops("cs_ml.engine.usage_windows_kernels", sum(seen) + n_rows)
