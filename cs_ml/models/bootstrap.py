"""Intervals by drawing whole accounts: snapshots of one account are not independent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit, stdtrit

__all__ = ["account_codes", "draw_weights", "interval", "replicate", "scaled_interval"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
CELLS = 2_000_000  # numbers held at once


def account_codes(clusters: Any, n: int) -> Ints:
    """Return an integer code for the account of each row; each row its own where ``clusters`` is None.

    Accounts are numbered as they appear, so draws follow the order of rows; where nothing may, see
    :func:`cs_ml.models.halves.account_ranks`.

    Examples
    --------
    >>> account_codes(["b", "a", "b"], 3).tolist()
    [0, 1, 0]
    """
    return np.arange(n) if clusters is None else np.asarray(pd.factorize(np.asarray(clusters))[0], dtype=np.intp)


def draw_weights(clusters: Ints, n_boot: int, random_state: int = 0) -> Iterator[Floats]:
    """Yield blocks of row weights, each replicate drawing as many accounts as there are, with replacement.

    The cluster bootstrap of Davison and Hinkley (1997): a row weighs as often as its account was drawn.

    Parameters
    ----------
    clusters
        Integer code of the account of each row, shape (n_rows,).
    n_boot
        Replicates in all.
    random_state
        Seed.

    Yields
    ------
    numpy.ndarray
        Shape (n_block, n_rows).
    """
    rng = np.random.default_rng(random_state)
    n_accounts = int(clusters.max()) + 1
    block = max(CELLS // max(len(clusters), 1), 1)
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        draws = rng.multinomial(n_accounts, np.full(n_accounts, 1.0 / n_accounts), size=size)
        yield draws[:, clusters].astype(np.float64)


def replicate(
    measured: Callable[[Floats], dict[str, Any]], clusters: Ints, *, n_boot: int = 500, random_state: int = 0
) -> dict[str, Floats]:
    """Return each metric under each replicate; all metrics see the same draws.

    Parameters
    ----------
    measured
        Function of row weights (n_replicates, n_rows) that returns metric names and arrays of shape (n_replicates,).
    clusters
        Integer code of the account of each row.
    n_boot, random_state
        Replicates and seed.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (n_boot,) each.

    Examples
    --------
    >>> values = np.array([1.0, 1.0, 3.0])
    >>> found = replicate(lambda w: {"mean": w @ values / w.sum(axis=1)}, np.array([0, 0, 1]), n_boot=100)
    >>> sorted(set(found["mean"].round(2).tolist()))
    [1.0, 1.67, 3.0]
    """
    blocks: dict[str, list[Floats]] = {}
    for weights in draw_weights(clusters, n_boot, random_state):
        for name, values in measured(weights).items():
            blocks.setdefault(name, []).append(np.asarray(values, dtype=np.float64))
    return {name: np.concatenate(parts) for name, parts in blocks.items()}


def interval(replicates: Floats, value: float, *, level: float = 0.95, noise: int = 0) -> tuple[float, float]:
    """Return the percentile interval of a metric.

    Parameters
    ----------
    replicates
        The metric under each replicate, NaN where it was not defined.
    value
        The metric itself.
    level
        Coverage meant.
    noise
        For a metric that noise can only raise, the power whose mean grows by the variance of the noise: 2 for a sum of
        absolute deviations (calibration error), 1 for a sum of squares (reliability). The replicates carry the noise
        twice, once from the sample and once from the draw; both are taken off, and the interval may then lie below
        the value itself. 0 for other metrics.

    Returns
    -------
    low, high
        NaN where fewer than half of the replicates are defined.

    Examples
    --------
    >>> interval(np.arange(101.0), 50.0, level=0.5)
    (25.0, 75.0)
    """
    known = replicates[~np.isnan(replicates)]
    if np.isnan(value) or len(known) < max(len(replicates) / 2, 1):
        return float("nan"), float("nan")
    if noise:
        raised = known**noise
        excess = max(float(raised.mean()) - value**noise, 0.0)
        known = np.maximum(raised - 2.0 * excess, 0.0) ** (1.0 / noise)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def scaled_interval(
    replicates: Floats, value: float, *, scale: str, events: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval of a bounded metric: symmetric where its errors are, and as wide as few events ask for.

    The standard error of the replicates, carried to the scale by its slope there (delta method), times the quantile of
    Student's t with one degree of freedom less than there are events: the standard error, too, rests on them.

    Parameters
    ----------
    replicates
        The metric under each replicate, NaN where it was not defined.
    value
        The metric itself.
    scale
        ``logit`` for a metric between 0 and 1, ``log`` for one above 0.
    events
        Accounts with a positive row.
    level
        Coverage meant.

    Returns
    -------
    low, high
        NaN where fewer than half of the replicates are defined; the percentiles where the value lies at a bound.

    Notes
    -----
    For the logit scale of AUC see Pepe, The Statistical Evaluation of Medical Tests, 2003. In 1,500 simulated books of
    11, 32 and 108 events, 90 % percentile intervals of AUC held 84, 87 and 88 %, these 89, 90 and 88 %.

    Examples
    --------
    >>> low, high = scaled_interval(np.array([0.6, 0.7, 0.8]), 0.7, scale="logit", events=30, level=0.9)
    >>> round(low, 2), round(high, 2)
    (0.55, 0.82)
    """
    known = replicates[~np.isnan(replicates)]
    bounded = scale == "logit"
    slope = value * (1.0 - value) if bounded else value
    if len(known) < max(len(replicates) / 2, 1) or not slope > 0:
        return interval(replicates, value, level=level)
    reach = float(stdtrit(max(events - 1, 1), (1 + level) / 2) * known.std()) / slope
    back, middle = (expit, logit(value)) if bounded else (np.exp, np.log(value))
    return float(back(middle - reach)), float(back(middle + reach))
