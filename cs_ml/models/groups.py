"""Groups of accounts that a verdict may differ between, and whether probabilities hold within each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.bootstrap import account_codes
from cs_ml.models.reliability import independent_rows, wilson

__all__ = ["calibration_by", "tenure_group"]

Floats = npt.NDArray[np.float64]
COLUMNS = ("group", "n", "events", "predicted", "observed", "gap", "low", "high", "off")
TENURES = {
    "tenure under 90 days": 90.0,
    "tenure 90 days to 1 year": 365.0,
    "tenure 1 to 2 years": 730.0,
    "tenure from 2 years": np.inf,
}


def tenure_group(days: pd.Series) -> pd.Series:
    """Return in words how long each account had been a customer.

    Parameters
    ----------
    days
        Days since the first contract.

    Returns
    -------
    pandas.Series
        Text by the same index; ``tenure missing`` where it is not known.

    Examples
    --------
    >>> tenure_group(pd.Series([89.0, 90.0, None, 800.0])).tolist()
    ['tenure under 90 days', 'tenure 90 days to 1 year', 'tenure missing', 'tenure from 2 years']
    """
    known = days.to_numpy(dtype=np.float64, na_value=np.nan)
    place = np.searchsorted(list(TENURES.values()), known, side="right")
    words = np.array([*TENURES, "tenure missing"], dtype=object)
    return pd.Series(words[np.where(np.isnan(known), len(TENURES), place)], index=days.index)


def calibration_by(y: Any, p: Any, groups: Any, clusters: Any = None, *, level: float = 0.95) -> pd.DataFrame:
    """Return, for each group, the mean probability beside the share observed: calibration in the large.

    Parameters
    ----------
    y, p
        Labels 0.0 / 1.0 and probabilities, shape (n_rows,).
    groups
        Name of the group of each row.
    clusters
        Account of each row; None takes rows as independent.
    level
        Coverage of all intervals together (Bonferroni), so that a calibrated model is seldom accused, however many
        groups there are.

    Returns
    -------
    pandas.DataFrame
        Columns group, n, events (positive rows), predicted, observed, gap (predicted minus observed), low, high, off.
        The interval of the gap is that of the share observed, by Wilson (1927) at an effective number of rows (Korn
        and Graubard 1998): it stands where a group has no event at all, which a bootstrap does not. ``off`` where it
        excludes zero.

    Examples
    --------
    >>> table = calibration_by([1.0] * 30 + [0.0] * 30, [0.5] * 60, ["a", "b"] * 30)
    >>> table[["group", "n", "gap", "off"]].to_numpy().tolist()
    [['a', 30, 0.0, False], ['b', 30, 0.0, False]]
    """
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    codes, names = account_codes(clusters, len(y)), np.asarray(groups)
    found = np.unique(names)
    each = 1 - (1 - level) / max(len(found), 1)
    rows = [(name, *_line(y[names == name], p[names == name], codes[names == name], each)) for name in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _line(y: Floats, p: Floats, codes: npt.NDArray[np.intp], level: float) -> tuple[Any, ...]:
    predicted, observed = float(p.mean()), float(y.mean())
    least, most = wilson(observed, independent_rows(y, codes), level)
    low, high = predicted - most, predicted - least
    return len(y), int(y.sum()), predicted, observed, predicted - observed, low, high, bool(low > 0 or high < 0)
