"""What became of accounts by the score they had: the promise of a score, kept or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.intervals import design_effect, wilson

__all__ = ["reliability_table"]

Floats = NDArray[np.float64]


def reliability_table(health: Floats, p_stay: Floats, stayed: Floats, account: NDArray[np.int64]) -> pd.DataFrame:
    """Return how many of the rows in each ten-point bin of health stayed.

    Parameters
    ----------
    health
        Points, 0 to 100, given before the outcome was known; NaN is left out.
    p_stay
        Probability of staying given at the same time.
    stayed
        1.0 stayed, 0.0 left.
    account
        Account number of each row; repeated rows of an account widen the interval.

    Returns
    -------
    pandas.DataFrame
        One row a bin that occurs: ``health_from, health_to, rows, accounts, stayed, share, low, high`` (Wilson,
        95 %), ``expected`` (mean p_stay) and ``sentence``. The last bin includes 100.

    Examples
    --------
    >>> stayed = np.repeat([1.0, 0.0], [41, 11])
    >>> table = reliability_table(np.full(52, 64.0), np.full(52, 0.8), stayed, np.arange(52))
    >>> table["sentence"].iloc[0]
    'scored 60-70: 41 of 52 stayed, 79 % (66-88)'
    """
    known = np.isfinite(health)
    bins = np.minimum(health[known] // 10, 9).astype(int)
    parts = [part[known] for part in (p_stay, stayed, account)]
    rows = [_row(int(bin_), *(part[bins == bin_] for part in parts)) for bin_ in np.unique(bins)]
    columns = ["health_from", "health_to", "rows", "accounts", "stayed", "share", "low", "high", "expected", "sentence"]
    return pd.DataFrame(rows, columns=columns)


def _row(bin_: int, p_stay: Floats, stayed: Floats, account: NDArray[np.int64]) -> list[object]:
    n, hits = len(stayed), int(stayed.sum())
    low, high = wilson(hits, n, effect=design_effect(stayed > 0, np.unique(account, return_inverse=True)[1]))
    start, end, share = 10 * bin_, 10 * bin_ + 10, hits / n
    sentence = f"scored {start}-{end}: {hits:,} of {n:,} stayed, {100 * share:.0f} % ({100 * low:.0f}-{100 * high:.0f})"
    return [start, end, n, len(np.unique(account)), hits, share, low, high, float(p_stay.mean()), sentence]
