"""How long an account stays: days until it leaves, or until nobody can know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.churn import episode_at, episodes
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["StayLabeler"]


@dataclass(frozen=True)
class StayLabeler:
    """Says for each account and date how many days it stayed from then on, and whether it then left.

    Parameters
    ----------
    grace_days
        A contract that restarts within so many days is continuous.
    settling_days
        Further days until bookings are complete.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> lines = pd.DataFrame({"account_id": ["a"], "start_at": ["2026-01-01"], "end_at": ["2026-05-01"], "mrr": [9.0]})
    >>> accounts = pd.DataFrame({"account_id": ["a"]})
    >>> tables = open_tables({"accounts": accounts, "contracts": lines}, data_end="2026-12-01")
    >>> spine = pd.DataFrame(index=pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-03-01"))], names=["account_id",
    ...                                                                                                 "as_of"]))
    >>> StayLabeler().label(tables, spine)["duration_days"].tolist()
    [61.0]
    """

    grace_days: int = 30
    settling_days: int = 0

    def label(self, tables: Tables, spine: pd.DataFrame, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return how long the accounts of a spine stayed.

        Parameters
        ----------
        tables
            Checked source tables with ``contracts``.
        spine
            Frame indexed by (account_id, as_of).
        until
            As if the data had ended on this day; where they end by default.

        Returns
        -------
        pandas.DataFrame
            ``duration_days`` (float64, days from ``as_of`` on; missing where the account had left already), ``event``
            (bool: it left after so many days; otherwise it was last seen staying), ``watched_days`` (how long it could
            have been seen to stay) and ``effective_at``.

        Raises
        ------
        TableError
            If there are no contracts.
        """
        clock = Clock(tables.zone)
        stays = episodes(tables.frame("contracts"), clock, self.grace_days)
        as_of = clock.date(spine.index.get_level_values("as_of"))
        position = episode_at(stays, spine.index.get_level_values("account_id"), as_of)
        end = np.append(stays["end"].to_numpy(), 0)[position]
        seen = tables.data_end if until is None else min(until, tables.data_end)
        certain = int(Clock.date(pd.Timestamp(seen))) - self.grace_days - self.settling_days
        left = (position >= 0) & (end <= certain)
        days = np.where(left, end, certain) - as_of
        known = (position >= 0) & (days >= 0)
        date = np.where(left & known, end, np.iinfo(np.int64).min).astype("datetime64[D]").astype("datetime64[us]")
        return pd.DataFrame(
            {
                "duration_days": np.where(known, days, np.nan),
                "event": left & known,
                "watched_days": (certain - as_of).astype(float),
                "effective_at": date,
            },
            index=spine.index,
        )
