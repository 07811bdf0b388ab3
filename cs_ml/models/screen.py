"""Which of many columns go with leaving early, told before anything is fitted to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.encode import SnapshotEncoder
from cs_ml.models.halves import account_ranks, even_part

__all__ = ["columns_by_events", "foremost_columns", "leaving_columns", "surprise"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
FEWEST, MOST = 4, 40


def columns_by_events(n_events: int) -> int:
    """Return how many columns so many events can bear: it grows with their square root, within 4 and 40.

    Examples
    --------
    >>> [columns_by_events(n) for n in (5, 120, 10_000)]
    [4, 16, 40]
    """
    return int(np.clip(1.5 * np.sqrt(n_events), FEWEST, MOST))


def leaving_columns(X: pd.DataFrame, y: pd.DataFrame, horizon: int, number: int, *, max_rows: int) -> list[str]:
    """Return the columns that go most with leaving within a horizon.

    Parameters
    ----------
    X
        Features without free text.
    y
        ``duration_days`` and ``event`` of the same rows.
    horizon
        Days after which nothing counts.
    number
        Columns wanted.
    max_rows
        Of more rows an even part is looked at.
    """
    duration = y["duration_days"].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(duration >= 0)
    rows = rows[even_part(X.index)[rows] % max(-(-len(rows) // max_rows), 1) == 0]
    if "as_of" in X.index.names:  # so that the order of rows changes nothing, not even the last bit
        rows = rows[X.index[rows].argsort()]
    if not len(rows):
        return []
    left = y["event"].to_numpy(dtype=bool)[rows] & (duration[rows] < horizon)
    residual = surprise(np.minimum(duration[rows], horizon), left)
    return foremost_columns(X.iloc[rows], residual, account_ranks(X.index)[rows], number)


def surprise(duration: Floats, event: npt.NDArray[np.bool_]) -> Floats:
    """Return by how much each row left more than was to be expected of everybody alike.

    The martingale residual of a model without columns: the event less the cumulative hazard of Nelson and Aalen up to
    where the row was followed (Therneau, Grambsch and Fleming 1990). Its sum with a column is the score of a
    proportional hazard in that column at zero (Cox 1972).

    Parameters
    ----------
    duration
        Days followed, shape (n_rows,).
    event
        Whether the row then left.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,); the sum is zero.

    Examples
    --------
    >>> surprise(np.array([1.0, 2.0]), np.array([True, False]))
    array([ 0.5, -0.5])
    """
    days, place = np.unique(duration, return_inverse=True)
    here = np.bincount(place, minlength=len(days))
    there = np.cumsum(here[::-1])[::-1]
    left = np.bincount(place, weights=event.astype(np.float64), minlength=len(days))
    return np.asarray(event - np.cumsum(left / there)[place], dtype=np.float64)


def foremost_columns(X: pd.DataFrame, residual: Floats, clusters: Ints, number: int) -> list[str]:
    """Return the columns that go most with a residual one by one, in the order of the frame.

    Sure independence screening (Fan and Lv 2008) by a score test whose error is clustered by account: a column that
    hardly moves within an account is one observation an account, however many snapshots there are.

    Parameters
    ----------
    X
        Features without free text.
    residual
        Shape (n_rows,), such as from :func:`surprise`.
    clusters
        Integer code of the account of each row.
    number
        Columns wanted.

    Examples
    --------
    >>> X = pd.DataFrame({"flat": 1.0, "noise": [0.0, 1.0, 1.0, 0.0], "worry": [1.0, 1.0, 0.0, 0.0]})
    >>> foremost_columns(X, np.array([0.6, 0.5, -0.5, -0.6]), np.arange(4), 1)
    ['worry']
    """
    view = SnapshotEncoder().fit(X).linear(X)
    told = view.matrix * residual[:, None]
    sums = pd.DataFrame(told).groupby(clusters, sort=True).sum().to_numpy()
    error = np.sqrt((sums**2).sum(axis=0))
    score = np.abs(sums.sum(axis=0)) / np.where(error > 0, error, np.inf)
    best = pd.Series(score).groupby(np.array(view.sources, dtype=object), sort=False).max()
    kept = set(best.sort_values(ascending=False, kind="stable").index[:number])
    return [str(name) for name in X.columns if str(name) in kept]
