"""Intervals beside figures that rest on few accounts."""

from __future__ import annotations

import numpy as np

__all__ = ["nps_interval", "wilson"]

Z = 1.959963984540054  # 97.5 % point of the normal distribution


def wilson(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % Wilson interval of a share.

    Parameters
    ----------
    successes, trials
        Counts of the same shape.

    Returns
    -------
    low, high
        NaN where there are no trials, or more successes than trials.

    Notes
    -----
    Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson(np.array([24.0]), np.array([75.0]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.225], [0.432])
    """
    valid = (trials > 0) & (successes <= trials) & (successes >= 0)
    n, k = np.where(valid, trials, np.nan), np.where(valid, successes, np.nan)
    centre = (k + Z**2 / 2) / (n + Z**2)
    half = Z * np.sqrt(k * (n - k) / n + Z**2 / 4) / (n + Z**2)
    low = np.where(k == 0, 0.0, np.clip(centre - half, 0.0, 1.0))
    return np.where(valid, low, np.nan), np.where(k == n, 1.0, np.clip(centre + half, 0.0, 1.0))


def nps_interval(balance: np.ndarray, opinionated: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % adjusted Wald interval of a net promoter score.

    Parameters
    ----------
    balance
        Promoters minus detractors.
    opinionated
        Promoters plus detractors.
    answers
        All answers.

    Notes
    -----
    Three imagined answers, 3/4 promoter, 3/4 detractor and the rest passive, as proposed by Bonett and Price (2012),
    Journal of Educational and Behavioral Statistics 37, 479-488, for differences of paired shares.

    Examples
    --------
    >>> low, high = nps_interval(np.array([10.0]), np.array([30.0]), np.array([50.0]))
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([-0.01], [0.39])
    """
    n = np.where(answers > 0, answers + 3.0, np.nan)
    centre, spread = balance / n, (opinionated + 1.5) / n
    half = Z * np.sqrt(np.maximum(spread - centre**2, 0.0) / n)
    return np.clip(centre - half, -1.0, 1.0), np.clip(centre + half, -1.0, 1.0)
