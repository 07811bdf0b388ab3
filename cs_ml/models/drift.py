"""Whether the scored book still looks like the book the model learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.bootstrap import account_codes, draw_weights, interval
from cs_ml.models.profile import FeatureProfile, psi
from cs_ml.models.ranked import ratio

__all__ = ["base_rate_drift", "feature_drift", "psi"]

Floats = npt.NDArray[np.float64]


def feature_drift(before: pd.DataFrame, after: pd.DataFrame, *, bins: int = 10) -> pd.DataFrame:
    """Return how far each column has moved, strongest first.

    Parameters
    ----------
    before, after
        Features of the training rows and of the scored rows; free text is left out.
    bins
        Bins of equal mass on the training rows; missing values are a bin of their own.

    Returns
    -------
    pandas.DataFrame
        As of :meth:`FeatureProfile.compare`.

    Examples
    --------
    >>> old = pd.DataFrame({"logins": np.arange(100.0)})
    >>> feature_drift(old, old + 60.0)[["column", "level"]].to_numpy().tolist()
    [['logins', 'strong']]
    """
    return FeatureProfile(bins=bins).fit(before).compare(after)


def base_rate_drift(
    y: pd.Series, recent: Any, clusters: Any = None, *, n_boot: int = 500, random_state: int = 0
) -> pd.DataFrame:
    """Return the share of positives before and lately, and their difference with an interval.

    Parameters
    ----------
    y
        Labels; rows without one are left out.
    recent
        For each row, whether it counts as lately, shape (n_rows,).
    clusters
        Account of each row.
    n_boot, random_state
        Replicates and seed of the bootstrap clustered by account.

    Returns
    -------
    pandas.DataFrame
        One row: before, lately, difference, low, high, drifted.

    Examples
    --------
    >>> y = pd.Series(np.repeat([0.0, 1.0, 0.0, 1.0], [90, 10, 50, 50]))
    >>> base_rate_drift(y, y.index >= 100)[["before", "lately", "drifted"]].to_numpy().tolist()
    [[0.1, 0.5, True]]
    """
    known = y.notna().to_numpy()
    label, late = y.to_numpy(dtype=np.float64)[known], np.asarray(recent, dtype=bool)[known]
    codes = account_codes(clusters, len(y))[known]
    codes = np.unique(codes, return_inverse=True)[1]
    draws = np.concatenate([_rates(label, late, w) for w in draw_weights(codes, n_boot, random_state)])
    before, lately = _rates(label, late, np.ones((1, len(label))))[0]
    low, high = interval(draws[:, 1] - draws[:, 0], float(lately - before))
    row = (float(before), float(lately), float(lately - before), low, high, bool(low > 0 or high < 0))
    return pd.DataFrame([row], columns=["before", "lately", "difference", "low", "high", "drifted"])


def _rates(label: Floats, late: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    parts = [ratio(weights[:, rows] @ label[rows], weights[:, rows].sum(axis=1)) for rows in (~late, late)]
    return np.column_stack(parts)
