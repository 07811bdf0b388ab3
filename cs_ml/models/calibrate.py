"""From margin to probability by a straight line in log-odds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize

from cs_ml.models.learners import log_odds
from cs_ml.models.losses import log_loss_rows, simplest_within_error

__all__ = ["AffineCalibrator", "choose_calibrator"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
SMALLEST_SLOPE = 0.05
METHODS = ("none", "temperature", "sigmoid")
AHEAD = (1.0, 1.0, 2.0)  # standard errors that each must be ahead of simpler ones; a free shift hangs on a few dates


@dataclass(frozen=True)
class AffineCalibrator:
    """Calibrated log-odds ``a + b * margin`` with ``b > 0``.

    The order of accounts never changes and explanations stay additive.

    Parameters
    ----------
    a
        Shift in log-odds.
    b
        Slope; below one where the margins claim too much.
    method
        ``none``, ``temperature`` (slope alone, turning about the base rate) or ``sigmoid`` (Platt 1999).

    Examples
    --------
    >>> AffineCalibrator(a=0.5, b=2.0).apply(np.array([0.0, 1.0]))
    array([0.5, 2.5])
    """

    a: float = 0.0
    b: float = 1.0
    method: str = "none"

    @classmethod
    def learn(
        cls, margin: Floats, y: Floats, *, method: str = "sigmoid", weights: Floats | None = None, prior: float = 0.5
    ) -> Self:
        """Learn shift and slope from margins that were predicted out of time.

        The slope is drawn towards one by a normal prior on its logarithm; with few rows it stays there.

        Parameters
        ----------
        margin
            Log-odds, shape (n_rows,).
        y
            Labels 0.0 and 1.0.
        method
            ``none``, ``temperature`` or ``sigmoid``.
        weights
            Row weights; they should sum to the number of independent rows.
        prior
            Standard deviation of the logarithm of the slope.

        Returns
        -------
        AffineCalibrator
            The calibrator learned.
        """
        w = np.ones(len(y)) if weights is None else weights
        if method == "none" or not len(y):
            return cls()
        pivot = log_odds(y, w)
        if method == "temperature":
            (log_b,) = _minimise(margin, y, w, pivot, prior, shift=False)
            shift = 0.0
        else:
            log_b, shift = _minimise(margin, y, w, pivot, prior, shift=True)
        b = max(float(np.exp(log_b)), SMALLEST_SLOPE)
        return cls(a=float(pivot * (1.0 - b) + shift), b=b, method=method)

    def apply(self, margin: Floats) -> Floats:
        """Return calibrated log-odds."""
        return np.asarray(self.a + self.b * margin, dtype=np.float64)

    def update_intercept(self, margin: Floats, y: Floats, *, weights: Floats | None = None, prior: float = 0.5) -> Self:
        """Return a calibrator moved to the level of newer, mature rows.

        Parameters
        ----------
        margin
            Uncalibrated log-odds of the newer rows, shape (n_rows,).
        y
            Their labels.
        weights
            Row weights; they should sum to the number of independent rows.
        prior
            Standard deviation of the shift, in log-odds: with few rows the level stays where it was.

        Returns
        -------
        AffineCalibrator
            Same slope, new shift. With many rows, the mean probability equals the share of ones.

        Examples
        --------
        >>> old = AffineCalibrator(a=0.0, b=1.0)
        >>> new = old.update_intercept(np.zeros(100_000), np.repeat([0.0, 1.0], [75_000, 25_000]))
        >>> round(new.a, 2)
        -1.1
        """
        turned, w = self.apply(margin), np.ones(len(y)) if weights is None else weights

        def slope(shift: float) -> float:
            return float((w * (_sigmoid(turned + shift) - y)).sum() + shift / prior**2)

        shift = float(brentq(slope, -50.0, 50.0))
        return type(self)(a=self.a + shift, b=self.b, method=self.method)

    def after(self, first: AffineCalibrator) -> Self:
        """Return the calibrator that applies another one first, called by the freer method of both.

        Examples
        --------
        >>> AffineCalibrator(a=1.0, b=2.0, method="sigmoid").after(AffineCalibrator(a=0.5, b=3.0, method="temperature"))
        AffineCalibrator(a=2.0, b=6.0, method='sigmoid')
        """
        freer = max(self.method, first.method, key=METHODS.index)
        return type(self)(a=self.a + self.b * first.a, b=self.b * first.b, method=freer)

    def to_state(self) -> dict[str, Any]:
        """Return shift, slope and method."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the calibrator that ``to_state`` described."""
        return cls(**state)


def choose_calibrator(
    margin: Floats,
    y: Floats,
    clusters: Ints,
    blocks: Ints,
    *,
    n_events: int,
    weights: Floats | None = None,
    shift: bool = True,
) -> AffineCalibrator:
    """Learn the simplest calibrator that transports from some test dates to the others.

    A free shift is only to be had from 15 events and three origins on, and two standard errors ahead: base rates move
    from season to season, and one or two origins cannot say how much. Otherwise the choice is between none and a
    temperature.

    Parameters
    ----------
    margin
        Out-of-time log-odds, shape (n_rows,).
    y
        Labels 0.0 and 1.0.
    clusters
        Integer code of the account of each row.
    blocks
        Integer code of the test origin of each row; each is predicted from the others.
    n_events
        Distinct events among the rows.
    weights
        Row weights.
    shift
        Whether a free shift may be chosen at all.

    Returns
    -------
    AffineCalibrator
        The calibrator learned from all rows by the method chosen.
    """
    n_blocks = len(np.unique(blocks))
    methods = METHODS if shift and n_events >= 15 and n_blocks >= 3 else METHODS[:2]
    prior = 0.5 if n_events >= 15 else 0.2
    parts = blocks if n_blocks > 1 else clusters % 5
    losses = np.column_stack([_transported(margin, y, parts, method, weights, prior) for method in methods])
    method = methods[simplest_within_error(losses, clusters, AHEAD[: len(methods)])]
    return AffineCalibrator.learn(margin, y, method=method, weights=weights, prior=prior)


def _transported(margin: Floats, y: Floats, parts: Ints, method: str, weights: Floats | None, prior: float) -> Floats:
    losses = np.empty(len(y))
    for part in np.unique(parts):
        here = parts == part
        w = None if weights is None else weights[~here]
        learned = AffineCalibrator.learn(margin[~here], y[~here], method=method, weights=w, prior=prior)
        losses[here] = log_loss_rows(y[here], learned.apply(margin[here]))
    return losses


def _minimise(margin: Floats, y: Floats, w: Floats, pivot: float, prior: float, *, shift: bool) -> tuple[float, ...]:
    centred = margin - pivot

    def loss(theta: Floats) -> tuple[float, Floats]:
        b = float(np.exp(theta[0]))
        moved = pivot + b * centred + (theta[1] if shift else 0.0)
        residual = w * (_sigmoid(moved) - y)
        value = float((w * log_loss_rows(y, moved)).sum() + 0.5 * (theta[0] / prior) ** 2)
        slope = [b * float(residual @ centred) + theta[0] / prior**2, float(residual.sum())]
        return value, np.array(slope[: len(theta)])

    start = np.zeros(2 if shift else 1)
    bounds = [(np.log(SMALLEST_SLOPE), np.log(10.0)), (-10.0, 10.0)][: len(start)]
    return tuple(float(t) for t in minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _sigmoid(margin: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -margin)), dtype=np.float64)
