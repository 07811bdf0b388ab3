"""The state of a label: known to be 1 or 0, immature, or censored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from cs_ml.timeline.clock import Clock

__all__ = ["Horizon", "Labeler", "SelectiveLabeler", "count_states", "label_frame"]


@dataclass(frozen=True)
class Horizon:
    """The days ahead in which an outcome counts, and the days until it is certain.

    Parameters
    ----------
    days
        Length of the horizon.
    gap
        Days between ``as_of`` and the start of the horizon.
    settling
        Days after the horizon until its outcomes are certain: grace period and late bookings.

    Examples
    --------
    >>> Horizon(90, settling=30).purge_days
    120
    """

    days: int
    gap: int = 0
    settling: int = 0

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.gap + self.days + self.settling

    def mature(self, as_of: np.ndarray, data_end: Any) -> np.ndarray:
        """Tell for each day number whether its outcome was certain when the data end."""
        end = int(Clock.date(pd.Timestamp(data_end)))
        return np.asarray(as_of) + self.purge_days <= end


class Labeler(Protocol):
    """Says for each account and date what happened next."""

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        ...

    def label(self, tables: Any, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine: label, state, effective_at, decided_at."""
        ...


@runtime_checkable
class SelectiveLabeler(Labeler, Protocol):
    """A labeler whose outcome cannot happen to every account: the others are censored, and nothing is told of them."""

    def eligible(self, tables: Any, spine: pd.DataFrame) -> np.ndarray:
        """Tell for each row of a spine whether the outcome can happen, by what was known on ``as_of``; bool."""
        ...


def label_frame(
    index: pd.Index,
    positive: np.ndarray,
    *,
    mature: np.ndarray,
    censored: np.ndarray | None = None,
    effective_day: np.ndarray | None = None,
    decided_day: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return labels with their states.

    Parameters
    ----------
    index
        Accounts and dates.
    positive
        Whether the outcome happened, bool of shape (n,).
    mature
        Whether the outcome is certain by now.
    censored
        Whether a competing event took the account out.
    effective_day, decided_day
        Day number of the outcome and of the decision; NaN where there is none.

    Returns
    -------
    pandas.DataFrame
        ``label`` (1.0, 0.0, NaN), ``state`` ("1", "0", "immature", "censored"), ``effective_at``, ``decided_at``.

    Examples
    --------
    >>> frame = label_frame(pd.RangeIndex(2), np.array([True, False]), mature=np.array([True, False]))
    >>> frame["state"].tolist()
    ['1', 'immature']
    """
    out = np.zeros(len(index), dtype=bool) if censored is None else censored
    state = np.select([~mature, out, positive], ["immature", "censored", "1"], "0")
    known = mature & ~out
    happened = known & positive
    return pd.DataFrame(
        {
            "label": np.where(known, positive.astype(float), np.nan),
            "state": state,
            "effective_at": _dates(effective_day, happened),
            "decided_at": _dates(decided_day, happened),
        },
        index=index,
    )


def count_states(labels: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows are in each state, by ``as_of``.

    Examples
    --------
    >>> dates = pd.DatetimeIndex(["2026-01-01"] * 2, name="as_of")
    >>> count_states(label_frame(dates, np.array([True, False]), mature=np.ones(2, bool)))["1"].tolist()
    [1]
    """
    states = pd.Categorical(labels["state"], ["1", "0", "immature", "censored"])
    return (
        pd.crosstab(labels.index.get_level_values("as_of"), states, dropna=False)
        .rename_axis("as_of")
        .rename_axis("state", axis=1)
    )


def _dates(days: np.ndarray | None, mask: np.ndarray) -> np.ndarray:
    dates = np.full(len(mask), np.datetime64("NaT", "us"))
    if days is not None:
        dates[mask] = days[mask].astype(np.int64).astype("datetime64[D]").astype("datetime64[us]")
    return dates
