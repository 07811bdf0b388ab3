"""Folds inside the training period: through time where there is time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from cs_ml.timeline.split import TimeSplit

__all__ = ["Folds", "training_folds"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Fold = tuple[Rows, Rows]
FEWEST_ORIGINS = 3  # one or two origins cannot tell a weak signal from a season


@dataclass(frozen=True)
class Folds:
    """Pairs of training and test positions.

    Parameters
    ----------
    kind
        ``time``: rolling origin, purged. ``accounts``: stratified by label and grouped by account, only where there is
        no time or too little of it for three origins. ``none``: too few rows of one class for any fold.
    pairs
        Row positions of training and test.
    """

    kind: str
    pairs: tuple[Fold, ...]

    @property
    def test(self) -> Rows:
        """Positions of all test rows, fold by fold."""
        return np.concatenate([np.empty(0, dtype=np.intp), *(test for _, test in self.pairs)])

    @property
    def origin(self) -> Rows:
        """Number of the fold of each test row."""
        return np.repeat(np.arange(len(self.pairs)), [len(test) for _, test in self.pairs])


def training_folds(
    dates: pd.DatetimeIndex | None, y: Floats, clusters: Rows, *, purge_days: int, n_origins: int, seed: int = 0
) -> Folds:
    """Return folds to choose settings, weights and calibration by.

    Parameters
    ----------
    dates
        ``as_of`` of each row; None where there is no time.
    y
        Labels 0.0 and 1.0.
    clusters
        Integer code of the account of each row.
    purge_days
        Days between a training row and the first test row that may follow it.
    n_origins
        How many folds at most.
    seed
        Seed of the folds where there is no time.

    Returns
    -------
    Folds
        Through time where three origins exist; up to the newest three quarters of the dates are tested.

    Examples
    --------
    >>> dates = pd.date_range("2026-01-01", periods=6, freq="MS").repeat(2)
    >>> folds = training_folds(dates, np.tile([0.0, 1.0], 6), np.arange(12), purge_days=90, n_origins=6)
    >>> folds.kind, folds.test.tolist()
    ('time', [6, 7, 8, 9, 10, 11])
    """
    if dates is not None:
        folds = [fold for fold in _through_time(dates, purge_days, n_origins) if _bears(y, *fold)]
        if len(folds) >= min(FEWEST_ORIGINS, n_origins):
            return Folds("time", tuple(folds))
    folds = [fold for fold in _across_accounts(y, clusters, seed) if _bears(y, *fold)]
    return Folds("accounts" if folds else "none", tuple(folds))


def _through_time(dates: pd.DatetimeIndex, purge_days: int, n_origins: int) -> list[Fold]:
    index = pd.MultiIndex.from_arrays([np.arange(len(dates)), dates], names=["account_id", "as_of"])
    n_dates = dates.nunique()
    first = max(n_dates // 4, 1)
    eligible = len(TimeSplit(purge_days=purge_days, n_origins=n_dates, min_train_dates=first).origins(dates))
    length = _block_length(eligible, n_origins)
    split = TimeSplit(purge_days=purge_days, n_origins=n_origins, min_train_dates=first, test_dates=length)
    return list(split.split(pd.Series(0, index=index)))


def _block_length(n_dates: int, n_origins: int) -> int:
    """Return the fewest dates an origin that let the origins cover four fifths of the dates."""
    lengths = range(1, n_dates // min(FEWEST_ORIGINS, n_origins) + 1)
    covering = [length for length in lengths if min(n_dates // length, n_origins) * length >= 0.8 * n_dates]
    return covering[0] if covering else 1


def _across_accounts(y: Floats, clusters: Rows, seed: int) -> list[Fold]:
    fewest = min(len(np.unique(clusters[y == label])) for label in (0.0, 1.0))
    if fewest < 2:
        return []
    folds = StratifiedGroupKFold(min(5, fewest), shuffle=True, random_state=seed)
    return list(folds.split(y[:, None], y, clusters))


def _bears(y: Floats, train: Rows, test: Rows) -> bool:
    return len(test) > 0 and len(np.unique(y[train])) == 2
