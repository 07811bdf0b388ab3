"""How much to trust each learner: weights found on predictions made before the outcome was known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint, minimize

from cs_ml.models.losses import log_loss_rows

__all__ = ["best_weights", "blend_margin", "choose_weights"]

Floats = npt.NDArray[np.float64]


def blend_margin(base: Floats | float, margins: Floats, weights: Floats) -> Floats:
    """Return the blend in log-odds; what the weights leave of one goes to the base rate.

    Parameters
    ----------
    base
        Log-odds of the base rate, a number or shape (n_rows,).
    margins
        Log-odds of each learner, shape (n_rows, n_learners).
    weights
        Non-negative, summing to at most one, shape (n_learners,).

    Returns
    -------
    numpy.ndarray
        Shape (n_rows,).

    Examples
    --------
    >>> blend_margin(-2.0, np.array([[0.0, 2.0]]), np.array([0.5, 0.25]))
    array([0.])
    """
    return np.asarray(base * (1.0 - weights.sum()) + np.einsum("ij,j->i", margins, weights), dtype=np.float64)


def best_weights(base: Floats, margins: Floats, y: Floats, row_weights: Floats | None = None) -> Floats:
    """Return non-negative weights, summing to at most one, that minimise the log loss of the blend.

    A stacking of log-odds (Breiman 1996) whose missing weight shrinks towards the base rate. The problem is convex.

    Parameters
    ----------
    base
        Log-odds of the base rate known when each row was predicted, shape (n_rows,).
    margins
        Out-of-time log-odds, shape (n_rows, n_learners).
    y
        Labels 0.0 and 1.0.
    row_weights
        Weight of each row.

    Returns
    -------
    numpy.ndarray
        Shape (n_learners,).

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 0.0, 1.0])
    >>> best_weights(np.zeros(4), np.array([[-1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]), y).round(3)
    array([1., 0.])
    """
    n = margins.shape[1]
    lift = margins - base[:, None]
    scale = np.ones(len(y)) if row_weights is None else row_weights

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = base + np.einsum("ij,j->i", lift, weights)
        residual = scale * (_sigmoid(margin) - y) / len(y)
        return float((scale * log_loss_rows(y, margin)).mean()), np.einsum("i,ij->j", residual, lift)

    room = LinearConstraint(np.ones(n), -np.inf, 1.0)
    start = np.full(n, 0.5 / n)
    bounds = [(0.0, 1.0)] * n
    found = minimize(loss, start, method="SLSQP", jac=True, bounds=bounds, constraints=room, options={"ftol": 1e-10})
    weights = np.clip(found.x, 0.0, 1.0)
    return np.asarray(np.round(weights / max(weights.sum(), 1.0), 4), dtype=np.float64)


def choose_weights(base: Floats, margins: Floats, y: Floats, row_weights: Floats | None = None) -> Floats:
    """Return weights, summing to one, halfway between equal ones and those that served best out of time.

    Weights found on few events are mostly noise, and equal ones are hard to beat (Bates and Granger 1969; Smith and
    Wallis 2009); how far the blend should shrink towards the base rate is left to the calibrator.

    Parameters
    ----------
    base, margins, y, row_weights
        As in ``best_weights``.

    Returns
    -------
    numpy.ndarray
        Shape (n_learners,).

    Examples
    --------
    >>> y = np.array([0.0, 1.0] * 50)
    >>> margins = np.column_stack([np.zeros(100), 2 * y - 1])
    >>> choose_weights(np.zeros(100), margins, y)
    array([0.25, 0.75])
    """
    n = margins.shape[1]
    best = best_weights(base, margins, y, row_weights)
    found = best / best.sum() if best.sum() > 0 else np.full(n, 1.0 / n)
    return np.asarray(0.5 * found + 0.5 / n, dtype=np.float64)


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -margin)), dtype=np.float64)
