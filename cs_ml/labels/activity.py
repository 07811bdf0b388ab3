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


def _usage_days(tables: Tables) -> pd.DataFrame:
    """Return quantity by account and day of the book's calendar; one a row where there is no quantity."""
    zone = literal(tables.zone)
    day = (
        "CAST(event_at AS DATE)"
        if tables.zone == "UTC"
        else f"CAST(timezone({zone}, timezone('UTC', event_at)) AS DATE)"
    )
    quantity = "sum(quantity)" if "quantity" in tables.columns("usage") else "count(*)"
    return tables.query(
        f"SELECT account_id, CAST({day} AS TIMESTAMP) AS day, CAST({quantity} AS DOUBLE) AS quantity "
        "FROM {usage} GROUP BY ALL ORDER BY ALL"
    )
