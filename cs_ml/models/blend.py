"""How much to trust each learner: weights found on predictions made before the outcome was known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint, minimize

from cs_ml.models.losses import log_loss_rows, simplest_within_error

__all__ = ["best_weights", "blend_margin", "choose_weights"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


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


def choose_weights(
    base: Floats, margins: Floats, y: Floats, clusters: Ints, row_weights: Floats | None = None
) -> Floats:
    """Return weights, summing to one, of the simplest blend that the out-of-time rows cannot tell from the best.

    Each learner alone, in the order given, is simpler than all together. Candidates are compared after their best
    shrinkage towards the base rate; how far to shrink is then left to the calibrator, which keeps the ranking.

    Parameters
    ----------
    base, margins, y, row_weights
        As in ``best_weights``; learners ordered from simple to complex.
    clusters
        Integer code of the account of each row.

    Returns
    -------
    numpy.ndarray
        Shape (n_learners,).

    Examples
    --------
    >>> y = np.array([0.0, 1.0] * 50)
    >>> margins = np.column_stack([np.zeros(100), 2 * y - 1])
    >>> choose_weights(np.zeros(100), margins, y, np.arange(100))
    array([0., 1.])
    """
    n = margins.shape[1]
    candidates = [_alone(i, n, best_weights(base, margins[:, [i]], y, row_weights)[0]) for i in range(n)]
    if n > 1:
        candidates.append(best_weights(base, margins, y, row_weights))
    blended = np.column_stack([blend_margin(base, margins, weights) for weights in candidates])
    losses = log_loss_rows(y, blended) * (1.0 if row_weights is None else row_weights[:, None])
    chosen = simplest_within_error(losses, clusters)
    weights = _alone(chosen, n, 1.0) if chosen < n else candidates[chosen]
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _alone(position: int, n: int, weight: float) -> Floats:
    weights = np.zeros(n)
    weights[position] = weight
    return weights


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -margin)), dtype=np.float64)
