"""Intervals that count accounts, not rows: an account seen on many dates is one witness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri, ndtri_exp

__all__ = ["Z90", "clustered_mean", "design_effect", "highest_density", "ratio_interval", "truncated_square", "wilson"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z90 = float(ndtri(0.95))
Z95 = float(ndtri(0.975))


def clustered_mean(values: Floats, groups: Ints) -> tuple[float, float]:
    """Return the mean of rows and its standard error, clustered by account.

    Parameters
    ----------
    values
        One number a row.
    groups
        Account number of each row, 0 to accounts - 1.

    Returns
    -------
    mean, standard_error
        The error is NaN with fewer than two accounts.

    Notes
    -----
    Liang and Zeger's cluster-robust variance of a mean, with the factor G / (G - 1).

    Examples
    --------
    >>> mean, error = clustered_mean(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1]))
    >>> mean, round(error, 3)
    (0.5, 0.5)
    """
    mean = float(values.mean())
    sums = np.bincount(groups, values - mean)
    n_groups = int((np.bincount(groups) > 0).sum())
    if n_groups < 2:
        return mean, float("nan")
    return mean, float(np.sqrt(n_groups / (n_groups - 1) * (sums**2).sum()) / len(values))


def design_effect(hits: NDArray[np.bool_], groups: Ints) -> float:
    """Return by how much repeated rows of an account inflate the variance of a share; at least 1.

    Examples
    --------
    >>> design_effect(np.array([True, True, False, False]), np.array([0, 0, 1, 1]))
    4.0
    """
    share, error = clustered_mean(hits.astype(float), groups)
    binomial = share * (1 - share) / len(hits)
    return max(1.0, error**2 / binomial) if binomial > 0 and np.isfinite(error) else _rows_each(groups)


def _rows_each(groups: Ints) -> float:
    return max(1.0, len(groups) / max(len(np.unique(groups)), 1))


def wilson(hits: float, n: float, *, effect: float = 1.0, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    Parameters
    ----------
    hits, n
        Successes of trials.
    effect
        Design effect: the trials are worth ``n / effect`` independent ones.
    z
        Normal quantile; the default gives 95 %.

    Returns
    -------
    low, high
        Both between 0 and 1; ``(nan, nan)`` without trials.

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> low, high = wilson(41, 52)
    >>> round(low, 2), round(high, 2)
    (0.66, 0.88)
    """
    if n <= 0:
        return float("nan"), float("nan")
    share, worth = hits / n, n / effect
    middle = (share + z**2 / (2 * worth)) / (1 + z**2 / worth)
    half = z / (1 + z**2 / worth) * np.sqrt(share * (1 - share) / worth + z**2 / (4 * worth**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def ratio_interval(part: NDArray[np.bool_], hits: NDArray[np.bool_], groups: Ints) -> tuple[float, float, float]:
    """Return the rate of hits inside a part over the rate in all rows, with a 90 % interval.

    Parameters
    ----------
    part
        Rows inside the part.
    hits
        Rows that are hits.
    groups
        Account number of each row.

    Returns
    -------
    ratio, low, high
        Delta method on the log ratio, clustered by account; NaN where a rate does not exist or is zero.

    Examples
    --------
    >>> part, hits = np.array([True, True, False, False]), np.array([True, False, False, False])
    >>> ratio_interval(part, hits, np.arange(4))[0]
    2.0
    """
    both, inside, all_hits = float((part & hits).sum()), float(part.sum()), float(hits.sum())
    if not inside or not all_hits:
        return float("nan"), float("nan"), float("nan")
    ratio = (both / inside) / (all_hits / len(hits))
    if not both:
        return 0.0, 0.0, float("nan")
    influence = (part & hits) / both - part / inside - hits / all_hits + 1 / len(hits)
    error = float(np.sqrt((np.bincount(groups, influence) ** 2).sum()))
    return ratio, ratio * float(np.exp(-Z90 * error)), ratio * float(np.exp(Z90 * error))


def highest_density(mean: Floats, sd: Floats, *, level: float = 0.9) -> tuple[Floats, Floats]:
    """Return the highest-density interval of normals cut off below zero.

    Parameters
    ----------
    mean, sd
        Of the normals before the cut; a negative mean belongs to a weight held at its bound.
    level
        Mass inside the interval.

    Returns
    -------
    low, high
        ``low`` is 0 where the data do not tell the weight from nothing.

    Examples
    --------
    >>> low, high = highest_density(np.array([10.0, 0.0, -1.0]), np.array([1.0, 1.0, 1.0]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([8.36, 0.0, 0.0], [11.64, 1.64, 1.15])
    """
    safe = np.where(sd > 0, sd, 1.0)
    mass = log_ndtr(mean / safe)
    half = ndtri((1 + level * np.exp(mass)) / 2) * safe
    top = mean - safe * ndtri_exp(np.log1p(-level) + mass)
    inside = mean - half >= 0
    low, high = np.where(inside, mean - half, 0.0), np.where(inside, mean + half, np.maximum(top, 0.0))
    fixed = np.maximum(mean, 0.0)
    return np.where(sd > 0, low, fixed), np.where(sd > 0, high, fixed)


def truncated_square(mean: Floats, sd: Floats) -> Floats:
    """Return the mean square of normals cut off below zero: the spread of weights held at their bound.

    Examples
    --------
    >>> truncated_square(np.array([0.0]), np.array([1.0]))
    array([1.])
    """
    t = mean / sd
    slope = np.exp(-0.5 * t**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(t))
    exact = mean**2 + sd**2 + mean * sd * slope
    return np.asarray(np.where(t > -10, exact, 2 * sd**2 / np.maximum(t**2, 1.0)))
