"""Outcomes of a business without contracts: falling silent, and using or spending more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.state import Horizon, label_frame
from cs_ml.tables.sql import literal
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup

__all__ = ["GrowthLabeler", "InactivityLabeler"]

ZONE_DAYS = 1  # a day of the book begins at most so many days before the same day of UTC


@dataclass(frozen=True)
class InactivityLabeler:
    """Labels an account 1 when it has no usage at all inside the horizon.

    Parameters
    ----------
    horizon_days, gap_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`.

    Examples
    --------
    >>> InactivityLabeler(horizon_days=90).purge_days
    90
    """

    horizon_days: int = 90
    gap_days: int = 0
    settling_days: int = 0

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        clock = Clock(tables.zone)
        days = _usage_days(tables)
        lookup = Lookup(days, spine.index, time="day", clock=Clock())
        silent = lookup.ahead(self.gap_days, self.horizon_days).count() == 0
        as_of = clock.date(spine.index.get_level_values("as_of"))
        last = lookup.latest()
        since = np.append(Clock().day(days["day"]).astype(float), np.nan)[last]
        return label_frame(spine.index, silent, mature=self.horizon.mature(as_of, tables.data_end), effective_day=since)


@dataclass(frozen=True)
class GrowthLabeler:
    """Labels an account 1 when its quantity inside the horizon exceeds that of the same time before.

    Accounts without usage in the time before are censored: there is nothing to grow from.

    Parameters
    ----------
    horizon_days, gap_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`; the time before is as long as the horizon.
    min_increase
        Relative rise that must be exceeded.

    Examples
    --------
    >>> GrowthLabeler(min_increase=0.25).purge_days
    90
    """

    horizon_days: int = 90
    gap_days: int = 0
    settling_days: int = 0
    min_increase: float = 0.25

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        days = _usage_days(tables)
        lookup = Lookup(days, spine.index, time="day", clock=Clock())
        before, after = lookup.window(self.horizon_days), lookup.ahead(self.gap_days, self.horizon_days)
        as_of = Clock.date(spine.index.get_level_values("as_of"))
        base = before.sum(days["quantity"])
        return label_frame(
            spine.index,
            after.sum(days["quantity"]) > (1 + self.min_increase) * base,
            mature=self.horizon.mature(as_of, tables.data_end),
            censored=before.count() == 0,
        )

    def eligible(self, tables: Tables, spine: pd.DataFrame) -> np.ndarray:
        """Tell for each row whether there is usage in the time before, known on ``as_of``, to grow from; bool."""
        first = pd.Timestamp(spine.index.get_level_values("as_of").min())
        days = _days_known(tables, first - pd.Timedelta(days=self.horizon_days + ZONE_DAYS))
        before = Lookup(days, spine.index, time="day", known="known", clock=Clock()).window(self.horizon_days)
        return np.asarray(before.count() > 0)


def _usage_days(tables: Tables) -> pd.DataFrame:
    """Return quantity by account and day of the book's calendar; one a row where there is no quantity."""
    quantity = "sum(quantity)" if "quantity" in tables.columns("usage") else "count(*)"
    return tables.query(
        f"SELECT account_id, {_day('event_at', tables)} AS day, CAST({quantity} AS DOUBLE) AS quantity "
        "FROM {usage} GROUP BY ALL ORDER BY ALL"
    )


def _days_known(tables: Tables, since: pd.Timestamp) -> pd.DataFrame:
    """Return the days of the book's calendar on which an account used anything, and the day the first was known."""
    return tables.query(
        f"SELECT account_id, {_day('event_at', tables)} AS day, {_day('min(known_at)', tables)} AS known "
        f"FROM {{usage}} WHERE event_at >= TIMESTAMP {literal(since.isoformat())} GROUP BY ALL ORDER BY ALL"
    )


def _day(instant: str, tables: Tables) -> str:
    """Write the midnight of an instant's day in the book's calendar."""
    local = instant if tables.zone == "UTC" else f"timezone({literal(tables.zone)}, timezone('UTC', {instant}))"
    return f"CAST(CAST({local} AS DATE) AS TIMESTAMP)"
