"""What was promised against what happened: the reliability table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from cs_ml.models.bootstrap import account_codes
from cs_ml.models.losses import clustered_error

__all__ = ["independent_rows", "reliability_table", "wilson"]

Floats = npt.NDArray[np.float64]


def reliability_table(y: Any, p: Any, clusters: Any = None, *, bins: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Return, for bins of equally many rows, the probability promised and the share observed.

    Parameters
    ----------
    y, p
        Labels 0.0 / 1.0 and probabilities, shape (n_rows,).
    clusters
        Account of each row. Rows of one account count for less than as many accounts: the interval is that of
        Wilson (1927) at an effective number of rows (Korn and Graubard 1998).
    bins
        How many bins at most; equal probabilities are never split.
    level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        Columns bin (from 1, lowest first), p_from, p_to, n, events (positive rows), predicted, observed, low, high.

    Examples
    --------
    >>> table = reliability_table([0, 1, 1, 1], [0.1, 0.1, 0.8, 0.8], bins=2)
    >>> table[["bin", "n", "events", "predicted", "observed"]].to_numpy().tolist()
    [[1.0, 2.0, 1.0, 0.1, 0.5], [2.0, 2.0, 2.0, 0.8, 1.0]]
    """
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    codes = account_codes(clusters, len(y))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, p, side="left")
    rows = [
        _line(i + 1, y[place == code], p[place == code], codes[place == code], level)
        for i, code in enumerate(np.unique(place))
    ]
    names = ["bin", "p_from", "p_to", "n", "events", "predicted", "observed", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def wilson(observed: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927).

    Parameters
    ----------
    observed
        Share observed.
    n
        Rows, or their effective number.
    level
        Coverage.

    Returns
    -------
    low, high
        Within 0 and 1; 0 and 1 where ``n`` is zero.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(41 / 52, 52)]
    [0.66, 0.878]
    """
    if n <= 0:
        return 0.0, 1.0
    z2 = float(norm.ppf(0.5 + level / 2)) ** 2
    centre = (observed + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (observed * (1 - observed) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


def _line(number: int, y: Floats, p: Floats, codes: npt.NDArray[np.intp], level: float) -> tuple[Any, ...]:
    observed = float(y.mean())
    low, high = wilson(observed, independent_rows(y, codes), level)
    return (number, float(p.min()), float(p.max()), len(y), int(y.sum()), float(p.mean()), observed, low, high)


def independent_rows(y: Floats, codes: npt.NDArray[np.intp]) -> float:
    """Return how many independent rows would tell a share as well as these, whose accounts repeat.

    Examples
    --------
    >>> independent_rows(np.array([0.0, 0.0, 0.0]), np.array([0, 0, 1]))
    2.0
    """
    n, accounts = len(y), len(np.unique(codes))
    spread = float(y.mean() * (1 - y.mean()))
    if accounts == n or spread == 0.0:
        return float(accounts)
    return float(np.clip(spread / clustered_error(y, codes) ** 2, 1.0, n))
