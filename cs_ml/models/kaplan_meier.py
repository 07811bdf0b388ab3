"""The survival curve of a whole book, without any model: what a model must agree with on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.bootstrap import draw_weights, interval
from cs_ml.models.ranked import as_matrix, like

__all__ = ["kaplan_meier", "kaplan_meier_table"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def kaplan_meier(duration: Floats, event: Flags, days: Sequence[float], weights: Floats | None = None) -> Floats:
    """Return the share that stays beyond each day, whoever was last seen earlier being counted until then.

    The product-limit estimate of Kaplan and Meier (1958).

    Parameters
    ----------
    duration
        Days followed, shape (n_rows,).
    event
        Whether the row then left.
    days
        Days asked for.
    weights
        Shape (n_rows,) or (n_replicates, n_rows).

    Returns
    -------
    numpy.ndarray
        Shape (len(days),), or (n_replicates, len(days)); NaN beyond the last row followed.

    Examples
    --------
    >>> kaplan_meier(np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True]), [0, 1, 2, 3, 4])
    array([1.  , 0.75, 0.5 , 0.  ,  nan])
    """
    w = as_matrix(weights, len(duration))
    order = np.argsort(duration, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(duration[order]) != 0))
    here = np.add.reduceat(w[:, order], starts, axis=1)
    left = np.add.reduceat(w[:, order] * event[order], starts, axis=1)
    there = np.cumsum(here[:, ::-1], axis=1)[:, ::-1]
    stays = np.cumprod(1.0 - left / np.where(there > 0, there, 1.0), axis=1)
    place = np.searchsorted(duration[order][starts], np.asarray(days, dtype=np.float64), side="right")
    found = np.concatenate([np.ones((len(w), 1)), stays], axis=1)[:, place]
    return np.asarray(like(weights, np.where(np.asarray(days) <= duration.max(), found, np.nan)))


def kaplan_meier_table(
    y: pd.DataFrame, foreseen: pd.DataFrame, clusters: npt.NDArray[np.intp], *, n_boot: int = 500, random_state: int = 0
) -> pd.DataFrame:
    """Return what was foreseen on average beside what happened.

    Parameters
    ----------
    y
        ``duration_days`` and ``event`` of rows that were followed.
    foreseen
        Probability of staying of the same rows, one column a number of days.
    clusters
        Integer code of the account of each row.
    n_boot, random_state
        Replicates and seed of the bootstrap clustered by account.

    Returns
    -------
    pandas.DataFrame
        ``days``, ``foreseen`` (mean), ``happened`` (Kaplan-Meier), and ``low`` and ``high``, its 95 % interval.

    Examples
    --------
    >>> y = pd.DataFrame({"duration_days": [30.0, 90.0], "event": [True, False]})
    >>> kaplan_meier_table(y, pd.DataFrame({60: [0.4, 0.8]}), np.arange(2))[["days", "foreseen", "happened"]]
       days  foreseen  happened
    0    60       0.6       0.5
    """
    duration, event = y["duration_days"].to_numpy(dtype=np.float64), y["event"].to_numpy(dtype=bool)
    days = [int(day) for day in foreseen.columns]
    happened = kaplan_meier(duration, event, days)
    draws = [kaplan_meier(duration, event, days, drawn) for drawn in draw_weights(clusters, n_boot, random_state)]
    ends = [interval(column, value) for column, value in zip(np.concatenate(draws).T, happened, strict=True)]
    low, high = zip(*ends, strict=True)
    means = foreseen.to_numpy().mean(axis=0)
    return pd.DataFrame({"days": days, "foreseen": means, "happened": happened, "low": low, "high": high})
