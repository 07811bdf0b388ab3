"""Churn: no active contract for longer than the grace period, the last end inside the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cs_ml.labels.contractual import ContractualLabeler
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.terms import effective_end

__all__ = ["ChurnLabeler", "episode_at", "episodes"]

ENDS = ("end", "decided", "voluntary")  # what the last line of a stay says of it


@dataclass(frozen=True)
class ChurnLabeler(ContractualLabeler):
    """Labels an account 1 when its last contract ends inside the horizon and none follows within the grace period.

    An account that had already left, or leaves inside the gap, is censored. A row is immature until horizon, grace
    and settling time have passed, for leavers and stayers alike: otherwise stayers would be certain before leavers
    and the newest dates would look too good.

    Parameters
    ----------
    horizon_days
        Length of the horizon.
    gap_days
        Days between ``as_of`` and the horizon.
    grace_days
        A contract that restarts within so many days is continuous.
    settling_days
        Further days until bookings are complete.
    which
        ``any``, or only accounts that chose to leave (``voluntary``) or did not (``involuntary``), by
        ``contracts.voluntary`` of the last line; those that leave the other way are censored. Where the source does
        not say, an account chose to leave.

    Examples
    --------
    >>> ChurnLabeler(horizon_days=90).purge_days
    120
    """

    which: Literal["any", "voluntary", "involuntary"] = "any"

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine.

        Parameters
        ----------
        tables
            Checked source tables with ``contracts``.
        spine
            Frame indexed by (account_id, as_of).

        Returns
        -------
        pandas.DataFrame
            label, state, effective_at, decided_at.

        Raises
        ------
        TableError
            If there are no contracts.
        """
        clock = Clock(tables.zone)
        stays = episodes(tables.frame("contracts"), clock, self.grace_days)
        as_of = clock.date(spine.index.get_level_values("as_of"))
        position = episode_at(stays, spine.index.get_level_values("account_id"), as_of)
        there = position >= 0
        end = np.where(there, stays["end"].to_numpy()[position], np.iinfo(np.int64).min)
        since = as_of + self.gap_days
        left = (end >= since) & (end < since + self.horizon_days)
        other = left & ~self._meant(stays["voluntary"].to_numpy()[position])
        return label_frame(
            spine.index,
            left,
            mature=self.horizon.mature(as_of, tables.data_end),
            censored=~there | (end < since) | other,
            effective_day=end.astype(float),
            decided_day=np.where(there, stays["decided"].to_numpy()[position], np.nan),
        )

    def _meant(self, voluntary: np.ndarray) -> np.ndarray:
        if self.which == "any":
            return np.ones(len(voluntary), dtype=bool)
        return voluntary if self.which == "voluntary" else ~voluntary


def episodes(contracts: pd.DataFrame, clock: Clock, grace_days: int) -> pd.DataFrame:
    """Return the unbroken stays of each account, as known now.

    Parameters
    ----------
    contracts
        Contract lines.
    clock
        Calendar of the book.
    grace_days
        Gaps up to this length do not break a stay.

    Returns
    -------
    pandas.DataFrame
        account_id, start, end and decided (day numbers), and whether leaving was voluntary, sorted by account and
        start; stays do not overlap.

    Examples
    --------
    >>> rows = [("a", "2026-01-01", "2026-02-01"), ("a", "2026-02-10", "2026-03-01"), ("a", "2026-06-01", "2026-07-01")]
    >>> lines = pd.DataFrame(rows, columns=["account_id", "start_at", "end_at"])
    >>> lines[["start_at", "end_at"]] = lines[["start_at", "end_at"]].astype("datetime64[us]")
    >>> len(episodes(lines, Clock(), grace_days=30))
    2
    """
    end = effective_end(contracts)
    requested = (
        contracts["cancel_requested_at"] if "cancel_requested_at" in contracts else pd.Series(pd.NaT, index=end.index)
    )
    decided = requested.fillna(end).where(requested.isna() | (requested < end), end)
    chose = contracts["voluntary"].astype("boolean").fillna(True) if "voluntary" in contracts else True
    lines = pd.DataFrame({
        "account_id": np.asarray(contracts["account_id"], dtype=object),
        "voluntary": np.broadcast_to(np.asarray(chose, dtype=bool), len(contracts)),
        "start": clock.day(contracts["start_at"]),
        "end": clock.day(end),
        "decided": clock.day(decided),
    })  # fmt: skip
    lines = lines[lines["end"] > lines["start"]].sort_values(
        ["account_id", "start", "end", "decided"], ignore_index=True
    )
    reach = lines.groupby("account_id")["end"].cummax()
    same = lines["account_id"].eq(lines["account_id"].shift())
    new = ~same | (lines["start"] > reach.shift() + grace_days)
    lines["stay"] = new.cumsum()
    last = lines.sort_values(["stay", "end", "decided"]).groupby("stay").last()
    first = lines.groupby("stay")["start"].min()
    return pd.DataFrame(
        {"account_id": last["account_id"], "start": first, **{name: last[name] for name in ENDS}}
    ).reset_index(drop=True)


def episode_at(stays: pd.DataFrame, accounts: pd.Index, as_of: np.ndarray) -> np.ndarray:
    """Return the stay that ran up to the last instant before each key, or -1."""
    keys = pd.DataFrame({"account_id": np.asarray(accounts, dtype=object), "day": as_of, "key": np.arange(len(as_of))})
    numbered = stays.assign(stay=np.arange(len(stays)))
    joined = keys.merge(numbered, on="account_id", how="inner")
    inside = joined[(joined["start"] < joined["day"]) & (joined["day"] <= joined["end"])]
    position = np.full(len(as_of), -1)
    position[inside["key"]] = inside["stay"]
    return position
