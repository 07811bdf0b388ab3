"""The figures at the head of the portfolio: sums over the newest scores, and what they can mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError

__all__ = ["Expected", "expected_events", "has", "latest", "previous", "require_columns", "with_loss"]


class Expected(NamedTuple):
    """How many events are to be expected, with a central 90 % interval.

    Parameters
    ----------
    mean
        Sum of the probabilities.
    low, high
        Quantiles 5 % and 95 % of the number of events.
    """

    mean: float
    low: int
    high: int


def expected_events(probabilities: pd.Series) -> Expected:
    """Return the expected number of events among accounts that decide on their own.

    Parameters
    ----------
    probabilities
        Calibrated probability of each account, in [0, 1]; null is left out.

    Returns
    -------
    Expected
        Mean and exact 90 % interval of the Poisson-binomial distribution. It covers chance alone: errors of the
        probabilities, and accounts that move together, come on top.

    Raises
    ------
    FrameError
        If a value lies outside [0, 1].

    Notes
    -----
    The distribution of the sum is built up one account at a time, a plain convolution; counts far above the mean are
    cut off at ten standard deviations.

    Examples
    --------
    >>> expected_events(pd.Series([0.5, 0.5]))
    Expected(mean=1.0, low=0, high=2)
    >>> expected_events(pd.Series([1.0, 1.0, 0.0]))
    Expected(mean=2.0, low=2, high=2)
    """
    p = probabilities.dropna().to_numpy(dtype=np.float64)
    outside = (p < 0) | (p > 1)
    if outside.any():
        raise FrameError(Fault("scores", "probabilities in [0, 1]", f"{p[outside][0]}", rows=int(outside.sum())))
    mean, spread = float(p.sum()), float(np.sqrt((p * (1 - p)).sum()))
    chance = np.zeros(min(len(p), int(mean + 10 * spread) + 10) + 1)
    chance[0] = 1.0
    for one in p:
        moved = chance[:-1] * one
        chance *= 1 - one
        chance[1:] += moved
    total = np.cumsum(chance)
    low, high = (int(np.searchsorted(total, quantile - 1e-12)) for quantile in (0.05, 0.95))
    return Expected(mean, low, min(high, len(p)))


def latest(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the newest date, one an account, indexed by account_id alone.

    Parameters
    ----------
    scores
        Scores by ``(account_id, as_of)``, unique.

    Returns
    -------
    pandas.DataFrame
        The same columns.

    Raises
    ------
    FrameError
        If the index is another one, has duplicates, or there is no row.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a"], pd.to_datetime(["2026-01-01", "2026-02-01"])],
    ...                                    names=["account_id", "as_of"])
    >>> latest(pd.DataFrame({"health": [40.0, 60.0]}, index=index))["health"].to_dict()
    {'a': 60.0}
    """
    faults = []
    if list(scores.index.names) != ["account_id", "as_of"]:
        faults.append(Fault("scores", "rows indexed by (account_id, as_of)", f"levels {list(scores.index.names)}"))
    elif scores.empty:
        faults.append(Fault("scores", "at least one row", "none"))
    elif scores.index.has_duplicates:
        twice = scores.index[scores.index.duplicated()]
        faults.append(Fault("scores", "one row an account and date", f"{twice[0]} again", rows=len(twice)))
    if faults:
        raise FrameError(faults)
    dates = scores.index.get_level_values("as_of")
    return pd.DataFrame(scores[dates == dates.max()].droplevel("as_of"))


def previous(scores: pd.DataFrame) -> pd.DataFrame | None:
    """Return the rows of the newest date but one, indexed by account_id, or None where there is only one date.

    Parameters
    ----------
    scores
        Scores by ``(account_id, as_of)``, unique.

    Returns
    -------
    pandas.DataFrame or None
        The same columns.
    """
    dates = scores.index.get_level_values("as_of")
    older = scores[dates < dates.max()]
    return None if older.empty else latest(older)


def has(frame: pd.DataFrame, *columns: str) -> bool:
    """Tell whether a frame has all of these columns, and a value in each.

    Examples
    --------
    >>> frame = pd.DataFrame({"health": [1.0], "mrr": [None]})
    >>> has(frame, "health"), has(frame, "mrr"), has(frame, "band")
    (True, False, False)
    """
    return all(name in frame and bool(frame[name].notna().any()) for name in columns)


def with_loss(scores: pd.DataFrame) -> pd.DataFrame:
    """Add ``expected_loss``, probability of leaving times MRR, where both are there.

    Parameters
    ----------
    scores
        Scores of one date.

    Returns
    -------
    pandas.DataFrame
        The same rows.

    Examples
    --------
    >>> with_loss(pd.DataFrame({"p_churn": [0.25], "mrr": [400.0]}))["expected_loss"].tolist()
    [100.0]
    """
    if {"p_churn", "mrr"} <= set(scores.columns):
        return scores.assign(expected_loss=scores["p_churn"] * scores["mrr"])
    return scores


def require_columns(frame: pd.DataFrame, columns: set[str], where: str) -> None:
    """Refuse a frame that lacks columns, naming all of them.

    Raises
    ------
    FrameError
        If any is missing.
    """
    absent = sorted(columns - {str(name) for name in frame.columns})
    if absent:
        raise FrameError(Fault(where, f"columns {sorted(columns)}", f"no {absent}"))
