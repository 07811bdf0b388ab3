"""Periods of a calendar, and which events and which states fall into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.timeline.clock import Clock

__all__ = ["CALENDARS", "Periods", "ceil_day", "fraction_of_months", "make_periods"]

Calendar = Literal["day", "week", "month", "quarter", "half", "year"]
CALENDARS = ("day", "week", "month", "quarter", "half", "year")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
STEP = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True)
class Periods:
    """Spans of days, each from its first day up to, not including, its end; they may overlap.

    Parameters
    ----------
    start, end
        Days since 1970-01-01, shape (periods,).

    Examples
    --------
    >>> periods = make_periods("2026-01-01", "2026-03-01")
    >>> item, period = periods.within(np.array([20484, 20485, 20460]))
    >>> item.tolist(), period.tolist()
    ([0, 2, 1], [0, 0, 1])
    """

    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def months(self) -> np.ndarray:
        """Length of each period in calendar months; parts of a month count by its days."""
        return np.asarray(fraction_of_months(self.end) - fraction_of_months(self.start))

    def dates(self) -> pd.DataFrame:
        """Return period_start and period_end as midnights."""
        return pd.DataFrame({"period_start": _midnights(self.start), "period_end": _midnights(self.end)})

    def take(self, chosen: Iterable[int]) -> Periods:
        """Return some of the periods."""
        places = np.asarray(list(chosen), dtype=np.int64)
        return Periods(self.start[places], self.end[places])

    def within(self, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return item and period of every day that lies in a period, by period and then by item."""
        return self._pairs([np.flatnonzero((day >= a) & (day < b)) for a, b in zip(self.start, self.end, strict=True)])

    def ending_in(self, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return item and period of every half-open span whose last day lies in a period."""
        return self.within(end - 1)

    def at_end(self, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return item and period of every span ``start <= t < end`` that covers the end of a period."""
        return self._pairs([np.flatnonzero((start <= t) & (t < end)) for t in self.end])

    def age_at_end(self, day: np.ndarray, period: np.ndarray) -> np.ndarray:
        """Return how many days before the end of its period each day lies."""
        return np.asarray(self.end[period] - day)

    def settled(self, known_until: int, days: int = 0) -> np.ndarray:
        """Tell which periods ended at least some days before knowledge ends."""
        return np.asarray(self.end + days <= known_until)

    @staticmethod
    def _pairs(items: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        period = np.repeat(np.arange(len(items)), [len(found) for found in items])
        return np.concatenate([*items, np.zeros(0, np.int64)]), period


def make_periods(start: Any, end: Any, every: Calendar = "month", *, fiscal_start: int = 1) -> Periods:
    """Return the whole periods of a calendar between two dates.

    Parameters
    ----------
    start, end
        First day allowed, and the day after the last one allowed.
    every
        ``day``, ``week`` (from Monday), ``month``, ``quarter``, ``half`` or ``year``.
    fiscal_start
        Month, 1 to 12, with which the fiscal year begins; quarters and halves follow it.

    Raises
    ------
    ConfigError
        If no whole period lies between the dates, or the calendar is unknown.

    Examples
    --------
    >>> make_periods("2025-01-01", "2026-07-01", "year", fiscal_start=4).dates()["period_start"].tolist()
    [Timestamp('2025-04-01 00:00:00')]
    """
    first, last = pd.Timestamp(start).normalize(), pd.Timestamp(end).normalize()
    if every not in CALENDARS:
        raise ConfigError(Fault("every", f"one of {', '.join(CALENDARS)}", repr(every)))
    if not 1 <= fiscal_start <= len(MONTHS):
        raise ConfigError(Fault("fiscal_start", "a month from 1 to 12", repr(fiscal_start)))
    edges = _edges(first, last, every, fiscal_start)
    if len(edges) < 2:
        found = f"{first.date()} to {last.date()}"
        raise ConfigError(Fault("periods", f"at least one whole {every}", found, hint="choose dates further apart"))
    return Periods(edges[:-1], edges[1:])


def _edges(first: pd.Timestamp, last: pd.Timestamp, every: str, fiscal_start: int) -> np.ndarray:
    if every in STEP:
        months = pd.date_range(first, last, freq="MS")
        dates = months[(months.month - fiscal_start) % STEP[every] == 0]
    else:
        dates = pd.date_range(first, last, freq="W-MON" if every == "week" else "D")
    return Clock.date(dates)


def ceil_day(clock: Clock, instants: Any) -> np.ndarray:
    """Return the first day that begins at or after each instant: what a midnight sees of it.

    Examples
    --------
    >>> ceil_day(Clock(), np.array(["1970-01-02T00:00", "1970-01-02T09:00"], dtype="datetime64[us]")).tolist()
    [1, 2]
    """
    values = np.asarray(instants, dtype="datetime64[us]")
    days = clock.day(values)
    known = ~np.isnat(values)
    distinct, place = np.unique(days[known], return_inverse=True)
    days[known] += clock.instant(distinct)[place] < values[known]
    return days


def fraction_of_months(day: np.ndarray) -> np.ndarray:
    """Return each day as months since 1970-01, parts of a month by its days; differences add up.

    Examples
    --------
    >>> fraction_of_months(np.array([0, 31, 45])).tolist()
    [0.0, 1.0, 1.5]
    """
    dates = np.asarray(day, dtype=np.int64).astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    first, following = month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]")
    part = (dates - first).astype(np.int64) / (following - first).astype(np.int64)
    return np.asarray(month.astype(np.int64) + part, dtype=float)


def _midnights(day: np.ndarray) -> np.ndarray:
    return np.asarray(day).astype("datetime64[D]").astype("datetime64[us]")
