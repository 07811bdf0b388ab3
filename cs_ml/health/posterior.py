"""The posterior mode of non-negative weights in a logistic model, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from cs_ml.health.intervals import highest_density, truncated_square

__all__ = ["Posterior", "Problem", "log_losses"]

Floats = NDArray[np.float64]
TOLERANCE = 1e-8  # slope per event
MAX_STEPS = 50


def log_losses(eta: Floats, stayed: Floats) -> Floats:
    """Return the log loss of each row for log-odds of staying ``eta``.

    Examples
    --------
    >>> log_losses(np.array([0.0]), np.array([1.0])).round(4)
    array([0.6931])
    """
    return np.asarray(np.logaddexp(0.0, eta) - stayed * eta)


@dataclass(frozen=True)
class Posterior:
    """Mode and spread of the coefficients.

    Parameters
    ----------
    mode
        Posterior mode, shape (columns,).
    location
        Mean of the local normal: the mode, or below zero for a coefficient held at its bound.
    sd
        Standard deviation of the local normal.
    spread
        Second moments about the mode, shape (columns, columns): the Laplace covariance of the free
        coefficients, and the mean square of the cut-off normal for those at their bound.
    """

    mode: Floats
    location: Floats
    sd: Floats
    spread: Floats

    def about(self, mode: Floats) -> Posterior:
        """Return the same uncertainty about another mode: the distance between the two counts as spread."""
        away = self.mode - mode
        return Posterior(mode, self.location, self.sd, self.spread + np.outer(away, away))

    def interval(self) -> tuple[Floats, Floats]:
        """Return 90 % intervals of non-negative coefficients, widened to hold the mode."""
        low, high = highest_density(self.location, self.sd)
        return np.minimum(low, self.mode), np.maximum(high, self.mode)

    def eta_sd(self, z: Floats) -> Floats:
        """Return the standard deviation of ``z @ coefficients`` for each row."""
        return np.asarray(np.sqrt(np.maximum(np.einsum("ij,ij->i", np.einsum("ij,jk->ik", z, self.spread), z), 0.0)))


@dataclass(frozen=True)
class Problem:
    """Minimise ``tempo * sum(log loss) + 1/2 (t - centre)' penalty (t - centre)`` over ``t >= lower``.

    Parameters
    ----------
    z
        What the log-odds add up, shape (rows, columns).
    stayed
        1.0 stayed, 0.0 left, shape (rows,).
    penalty
        Positive semi-definite, shape (columns, columns).
    lower
        Lower bounds, ``-inf`` or 0.
    tempo
        How much of an independent row each row is worth.
    centre
        Where the penalty is zero.

    Notes
    -----
    The objective is convex: the log loss of a linear log-odds is convex and the penalty is a convex
    quadratic, so the mode is unique as soon as their sum is strictly convex. Sums run in one fixed order
    (no threaded linear algebra), so that the result does not depend on the number of threads.
    """

    z: Floats
    stayed: Floats
    penalty: Floats
    lower: Floats
    tempo: float = 1.0
    centre: Floats | float = 0.0

    def value(self, t: Floats) -> tuple[float, Floats]:
        """Return the objective and its gradient at ``t``."""
        eta = np.einsum("ij,j->i", self.z, t)
        pull = self.penalty @ (t - self.centre)
        loss = self.tempo * log_losses(eta, self.stayed).sum() + 0.5 * float((t - self.centre) @ pull)
        return float(loss), self.tempo * np.einsum("ij,i->j", self.z, expit(eta) - self.stayed) + pull

    def curvature(self, t: Floats) -> Floats:
        """Return the Hessian at ``t``, shape (columns, columns)."""
        p = expit(np.einsum("ij,j->i", self.z, t))
        return np.asarray(self.tempo * np.einsum("ij,ik->jk", self.z * (p * (1 - p))[:, None], self.z) + self.penalty)

    def mode(self, start: Floats | None = None) -> Floats:
        """Return the minimiser, shape (columns,).

        Parameters
        ----------
        start
            Where to begin, e.g. the mode under a neighbouring penalty.

        Notes
        -----
        Newton steps on the coefficients off their bound, cut at the bounds; where they stall, L-BFGS-B
        (Byrd, Lu, Nocedal and Zhu, 1995) takes over.
        """
        t = self._newton(np.zeros(len(self.lower)) if start is None else np.maximum(start, self.lower))
        if self._slack(t) <= TOLERANCE:
            return t
        objective: Any = self._scaled
        bounds = [(low if np.isfinite(low) else None, None) for low in self.lower]
        options: Any = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": TOLERANCE}
        found = minimize(objective, t, method="L-BFGS-B", jac=True, bounds=bounds, options=options)
        return self._newton(np.asarray(found.x, float))

    def _scaled(self, t: Floats) -> tuple[float, Floats]:
        """Return objective and gradient per event, so that tolerances mean the same on every book."""
        events = max(self.tempo * float(min(self.stayed.sum(), (1 - self.stayed).sum())), 1.0)
        value, gradient = self.value(t)
        return value / events, gradient / events

    def _slack(self, t: Floats) -> float:
        """Return the largest slope per event that does not push against a bound."""
        _, gradient = self._scaled(t)
        return float(np.abs(np.where(self._held(t, gradient), 0.0, gradient)).max())

    def _newton(self, t: Floats) -> Floats:
        """Take Newton steps, halved until they help, until they no longer do."""
        value, gradient = self.value(t)
        for _ in range(MAX_STEPS):
            free = ~self._held(t, gradient)
            step = np.zeros_like(t)
            step[free] = np.linalg.solve(self.curvature(t)[np.ix_(free, free)], gradient[free])
            if float(gradient @ step) <= 1e-15 * (1 + abs(value)):
                break
            for halving in range(8):
                after = np.maximum(t - step / 2**halving, self.lower)
                lower_value, lower_gradient = self.value(after)
                if lower_value < value:
                    break
            else:
                return t
            moved = np.abs(after - t).max()
            t, value, gradient = after, lower_value, lower_gradient
            if moved <= 1e-10 * (1 + np.abs(t).max()):
                break
        return t

    def _held(self, t: Floats, gradient: Floats) -> NDArray[np.bool_]:
        return np.asarray((t <= self.lower) & (gradient >= 0))

    def posterior(self) -> Posterior:
        """Return the mode with Laplace spread; coefficients at their bound get a cut-off normal instead."""
        t = self.mode()
        _, gradient = self.value(t)
        held, hessian = self._held(t, gradient), self.curvature(t)
        free = ~held
        covariance = np.linalg.inv(hessian[np.ix_(free, free)])
        across = hessian[np.ix_(held, free)]
        rest = np.diag(hessian)[held] - np.einsum("ij,jk,ik->i", across, covariance, across)
        location, sd, spread = t.copy(), np.zeros_like(t), np.zeros_like(hessian)
        sd[free], spread[np.ix_(free, free)] = np.sqrt(np.diag(covariance)), covariance
        width = 1 / np.sqrt(np.maximum(rest, 1e-12))
        location[held], sd[held] = -gradient[held] * width**2, width
        spread[held, held] = truncated_square(location[held], sd[held])
        return Posterior(t, location, sd, spread)
