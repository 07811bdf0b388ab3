"""Calendar days of the book's time zone, and the UTC instants at which they begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault

__all__ = ["Clock"]


@dataclass(frozen=True)
class Clock:
    """Turns UTC instants into calendar days of one time zone, and days into the instants they begin.

    Every ``as_of`` is the start of a day, so an event is before an ``as_of`` exactly when the event's day is
    before the day of the ``as_of``. Days are integers (days since 1970-01-01), which makes that comparison exact.

    Parameters
    ----------
    zone
        IANA name of the book's time zone.

    Raises
    ------
    ConfigError
        If there is no such time zone.

    Examples
    --------
    >>> late_evening = np.array(["2026-03-31T15:30"], dtype="datetime64[us]")
    >>> Clock("Asia/Tokyo").day(late_evening).astype("datetime64[D]")
    array(['2026-04-01'], dtype='datetime64[D]')
    >>> Clock().day(late_evening).astype("datetime64[D]")
    array(['2026-03-31'], dtype='datetime64[D]')
    """

    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            fault = Fault("book.timezone", "an IANA time zone such as Asia/Tokyo", repr(self.zone))
            raise ConfigError(fault) from error

    def day(self, instants: Any) -> np.ndarray:
        """Return the calendar day of each instant.

        Parameters
        ----------
        instants
            ``datetime64`` array or series, naive, meaning UTC. ``NaT`` is allowed.

        Returns
        -------
        numpy.ndarray of int64
            Days since 1970-01-01 in the zone; the smallest int64 for ``NaT``.
        """
        values = np.asarray(instants, dtype="datetime64[us]")
        if self.zone == "UTC":
            return values.astype("datetime64[D]").astype(np.int64)
        known = ~np.isnat(values)
        days = np.full(values.shape, np.iinfo(np.int64).min)
        if known.any():
            utc_days = values[known].astype("datetime64[D]")
            first = int(utc_days.min().astype(np.int64)) - 1
            last = int(utc_days.max().astype(np.int64)) + 2
            starts = self.instant(np.arange(first, last + 1))
            days[known] = first + np.searchsorted(starts, values[known], side="right") - 1
        return days

    def instant(self, days: Any) -> np.ndarray:
        """Return the UTC instant at which each calendar day begins.

        Parameters
        ----------
        days
            Days since 1970-01-01, or midnights as naive ``datetime64``.

        Returns
        -------
        numpy.ndarray of datetime64[us]
            Where clocks are put forward at midnight, the first instant of the day.
        """
        array = np.asarray(days)
        midnights = array.astype("datetime64[D]").astype("datetime64[us]")
        if self.zone == "UTC":
            return midnights
        local = pd.DatetimeIndex(midnights.ravel()).tz_localize(
            self.zone, nonexistent="shift_forward", ambiguous=np.ones(midnights.size, dtype=bool)
        )
        return np.asarray(local.tz_convert("UTC").tz_localize(None), dtype="datetime64[us]").reshape(midnights.shape)

    @staticmethod
    def date(as_of: Any) -> np.ndarray:
        """Return the day number of each ``as_of`` (a naive midnight, already in the book's zone)."""
        return np.asarray(as_of, dtype="datetime64[D]").astype(np.int64)
