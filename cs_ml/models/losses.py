"""Log loss of margins, and the rule that prefers the simpler of two settings that cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["clustered_error", "log_loss_rows", "simplest_within_error"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def log_loss_rows(y: Floats, margin: Floats) -> Floats:
    """Return the log loss of each row from its log-odds, in nats.

    Parameters
    ----------
    y
        Labels 0.0 and 1.0, shape (n_rows,).
    margin
        Log-odds, shape (n_rows,) or (n_rows, n_settings).

    Returns
    -------
    numpy.ndarray
        ``log(1 + exp(margin)) - y * margin``, of the shape of ``margin``.

    Examples
    --------
    >>> log_loss_rows(np.array([1.0, 0.0]), np.array([0.0, 0.0])).round(4)
    array([0.6931, 0.6931])
    """
    target = y[:, None] if margin.ndim == 2 else y
    return np.asarray(np.logaddexp(0.0, margin) - target * margin, dtype=np.float64)


def clustered_error(values: Floats, clusters: Ints) -> float:
    """Return the standard error of a mean when rows of one account move together.

    The sandwich estimator of Liang and Zeger (1986) for a mean: sums of residuals by cluster, squared.

    Parameters
    ----------
    values
        Shape (n_rows,).
    clusters
        Integer code of the account of each row.

    Returns
    -------
    float
        Standard error.

    Examples
    --------
    Two accounts with two equal rows each know no more than two rows do.

    >>> clustered_error(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1])).__round__(3)
    0.5
    """
    sums = np.bincount(clusters, weights=values - values.mean())
    n_clusters = max(len(np.unique(clusters)), 2)
    return float(np.sqrt((sums**2).sum() * n_clusters / (n_clusters - 1)) / len(values))


def simplest_within_error(losses: Floats, clusters: Ints, errors: float | Sequence[float] = 1.0) -> int:
    """Return the first setting whose loss is within one standard error, or some, of the best one's.

    The error is that of the paired difference, clustered by account (one-standard-error rule of Breiman et al. 1984).

    Parameters
    ----------
    losses
        Loss of each row under each setting, simplest setting first, shape (n_rows, n_settings).
    clusters
        Integer code of the account of each row.
    errors
        How many standard errors the best one must be ahead: a number, or one for each setting that may be the best.

    Returns
    -------
    int
        Position of the setting.

    Examples
    --------
    >>> losses = np.array([[0.5, 0.4], [0.5, 0.6], [0.5, 0.5]])
    >>> simplest_within_error(losses, np.array([0, 1, 2]))
    0
    """
    best = int(losses.mean(axis=0).argmin())
    asked = np.broadcast_to(np.asarray(errors, dtype=np.float64), losses.shape[1])[best]
    for setting in range(best):
        difference = losses[:, setting] - losses[:, best]
        if difference.mean() <= asked * clustered_error(difference, clusters):
            return setting
    return best
