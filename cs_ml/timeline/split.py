"""Purged, rolling-origin splits of snapshot rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import FrameError, NotEnoughData

__all__ = ["TimeSplit", "as_of_dates", "settled", "spaced_dates"]


def as_of_dates(frame: pd.DataFrame | pd.Series | pd.Index) -> pd.DatetimeIndex:
    """Return the ``as_of`` of every row of a frame indexed by ``(account_id, as_of)``.

    Parameters
    ----------
    frame
        Frame, series or index with a level named ``as_of``.

    Returns
    -------
    pandas.DatetimeIndex
        One date a row, in row order.

    Raises
    ------
    FrameError
        If there is no level named ``as_of``.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-01-01"))], names=["account_id", "as_of"])
    >>> as_of_dates(index)[0]
    Timestamp('2026-01-01 00:00:00')
    """
    index = frame if isinstance(frame, pd.Index) else frame.index
    if "as_of" not in index.names:
        raise FrameError(f"expected rows indexed by (account_id, as_of), found index levels {list(index.names)}")
    return pd.DatetimeIndex(index.get_level_values("as_of"))


def settled(dates: pd.DatetimeIndex, day: pd.Timestamp, purge_days: int) -> np.ndarray:
    """Tell of which dates the outcome, which takes ``purge_days``, was known on a day.

    Examples
    --------
    >>> settled(pd.date_range("2026-01-01", periods=3, freq="MS"), pd.Timestamp("2026-04-01"), 60).tolist()
    [True, False, False]
    """
    return np.asarray(dates + pd.Timedelta(days=purge_days) <= day)


def spaced_dates(dates: pd.DatetimeIndex, days: int) -> pd.DatetimeIndex:
    """Return the newest date, the newest one that lies ``days`` before it, and so on, ascending.

    Examples
    --------
    >>> spaced_dates(pd.date_range("2026-01-01", periods=6, freq="MS"), 90).strftime("%m-%d").tolist()
    ['03-01', '06-01']
    """
    kept: list[pd.Timestamp] = []
    for date in sorted(dates.unique(), reverse=True):
        if not kept or date + pd.Timedelta(days=days) <= kept[-1]:
            kept.append(date)
    return pd.DatetimeIndex(kept[::-1])


class TimeSplit:
    """Rolling-origin splits in which no training outcome reaches into test time.

    A row dated ``t`` may train for a test date ``T`` only when ``t + purge_days <= T``. With
    ``purge_days = gap + horizon`` (plus settling time where labels settle late) every training label was
    known at ``T``.

    Parameters
    ----------
    purge_days
        Days between a training date and the first test date that may follow it.
    n_origins
        How many test origins at most, counted from the newest.
    min_train_dates
        Origins with fewer distinct training dates are dropped.
    test_dates
        How many consecutive ``as_of`` dates one origin tests.

    Examples
    --------
    >>> dates = pd.date_range("2026-01-01", periods=6, freq="MS")
    >>> index = pd.MultiIndex.from_product([["a", "b"], dates], names=["account_id", "as_of"])
    >>> split = TimeSplit(purge_days=90, n_origins=2, min_train_dates=1)
    >>> for train, test in split.split(pd.Series(0, index=index)):
    ...     print(len(train), len(test))
    2 2
    6 2
    """

    def __init__(self, *, purge_days: int, n_origins: int = 6, min_train_dates: int = 1, test_dates: int = 1) -> None:
        self.purge_days = purge_days
        self.n_origins = n_origins
        self.min_train_dates = min_train_dates
        self.test_dates = test_dates

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # noqa: ARG002  scikit-learn's signature
        """Yield row positions of training and test, oldest origin first.

        Parameters
        ----------
        X
            Frame, series or index with an ``as_of`` level.
        y, groups
            Ignored; present for scikit-learn.

        Yields
        ------
        train, test
            Integer positions into ``X``.
        """
        dates = as_of_dates(X)
        for test_from, test_to in self.origins(dates):
            train = np.flatnonzero(settled(dates, test_from, self.purge_days))
            test = np.flatnonzero((dates >= test_from) & (dates <= test_to))
            yield train, test

    def origins(self, dates: pd.DatetimeIndex) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
        """Return first and last test date of each origin that has enough training dates, oldest first."""
        unique = pd.DatetimeIndex(np.unique(dates))
        chosen: list[tuple[pd.Timestamp, pd.Timestamp]] = []
        for end in range(len(unique), 0, -self.test_dates):
            first, last = unique[max(end - self.test_dates, 0)], unique[end - 1]
            n_train = int(settled(unique, first, self.purge_days).sum())
            if n_train < max(self.min_train_dates, 1) or len(chosen) == self.n_origins:
                break
            chosen.append((first, last))
        return chosen[::-1]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002  scikit-learn's signature
        """Return how many origins ``X`` allows."""
        return len(self.origins(as_of_dates(X)))

    def last(self, y: pd.DataFrame | pd.Series) -> tuple[pd.Index, pd.Index]:
        """Split into the newest dates and everything whose outcome was known before them.

        Rows without a label (immature or censored) belong to neither side.

        Parameters
        ----------
        y
            Labels by ``(account_id, as_of)``: a series, or a label frame with a column ``label``.

        Returns
        -------
        past, recent
            Index labels for ``.loc``.

        Raises
        ------
        NotEnoughData
            If no date lies ``purge_days`` before the newest labelled date.
        """
        labels = y["label"] if isinstance(y, pd.DataFrame) else y
        labelled = labels[labels.notna()]
        folds = list(TimeSplit(purge_days=self.purge_days, n_origins=1, test_dates=self.test_dates).split(labelled))
        if not folds:
            span = as_of_dates(labelled)
            found = f"{span.min().date()} to {span.max().date()}" if len(span) else "no labelled row"
            raise NotEnoughData(
                f"expected labelled dates at least {self.purge_days} days apart, found {found}; "
                "start the snapshots earlier or shorten the horizon"
            )
        train, test = folds[0]
        return labelled.index[train], labelled.index[test]
