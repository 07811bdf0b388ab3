"""How much to trust each learner: weights found on predictions made before the outcome was known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint, minimize

from cs_ml.models.losses import log_loss_rows

__all__ = ["blend_margin", "choose_weights"]

Floats = npt.NDArray[np.float64]
PULL = 5.0  # weights differ from equal ones by about a half where nothing is known


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


def choose_weights(
    base: Floats,
    margins: Floats,
    y: Floats,
    row_weights: Floats | None = None,
    *,
    n_independent: int | None = None,
    pull: float = PULL,
) -> Floats:
    """Return weights, summing to one, that served well out of time, pulled to equal ones where evidence is thin.

    A stacking of log-odds (Breiman 1996). Weights found on few events are mostly noise, and equal ones are hard to
    beat (Bates and Granger 1969; Smith and Wallis 2009), so they have a normal prior around equal ones, against which
    every independent row counts once: the problem is convex, and its solution the posterior mode. How far the blend
    should shrink towards the base rate is left to the calibrator.

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
    n_independent
        How many rows the evidence is worth: accounts, where the rows are their snapshots. All rows where missing.
    pull
        One over the variance of the prior.

    Returns
    -------
    numpy.ndarray
        Shape (n_learners,).

    Examples
    --------
    >>> y = np.array([0.0, 1.0] * 500)
    >>> margins = np.column_stack([np.zeros(1000), 2 * y - 1])
    >>> [choose_weights(np.zeros(1000), margins, y, n_independent=n).round(2).tolist() for n in (1000, 5)]
    [[0.0, 1.0], [0.33, 0.67]]
    """
    n = margins.shape[1]
    scale = np.ones(len(y)) if row_weights is None else row_weights
    scale = scale * ((len(y) if n_independent is None else n_independent) / scale.sum())
    lift, equal = margins - base[:, None], np.full(n, 1.0 / n)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin, away = base + np.einsum("ij,j->i", lift, weights), weights - equal
        slope = np.einsum("i,ij->j", scale * (_sigmoid(margin) - y), lift) + pull * away
        return float((scale * log_loss_rows(y, margin)).sum() + 0.5 * pull * (away**2).sum()), slope

    whole = LinearConstraint(np.ones(n), 1.0, 1.0)
    bounds = [(0.0, 1.0)] * n
    found = minimize(loss, equal, method="SLSQP", jac=True, bounds=bounds, constraints=whole, options={"ftol": 1e-8})
    weights = np.round(np.clip(found.x, 0.0, 1.0), 4)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -margin)), dtype=np.float64)
