"""How far the level of staying has drifted from its mean over the learning rows, judged at their latest dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from cs_ml.timeline.split import spaced_dates

__all__ = ["SPEEDS", "Spaced"]

Floats = NDArray[np.float64]
SPEEDS = (0.0, 0.15, 0.3, 0.6, 1.2)  # standard deviations of the level after a year, in log-odds; equally likely before
DAYS_A_YEAR, MAX_STEPS = 365.25, 40
FLAT = 1e-6  # precision of the common level


@dataclass(frozen=True)
class Spaced:
    """Learning rows on dates so far apart that no two of them look at the same days.

    Parameters
    ----------
    eta
        Log-odds of staying that the fit gives its own rows, shape (rows,).
    stayed
        1.0 stayed, 0.0 left, shape (rows,).
    place
        Position of the date of each row among ``years``, shape (rows,).
    years
        The dates in years, ascending; the newest learning date is the last.
    """

    eta: Floats
    stayed: Floats
    place: NDArray[np.int64]
    years: Floats

    @classmethod
    def of(cls, eta: Floats, stayed: Floats, dates: pd.DatetimeIndex, purge_days: int) -> Self:
        """Take the rows of the newest date, of the newest one that lies ``purge_days`` before it, and so on.

        Examples
        --------
        >>> dates = pd.date_range("2025-01-01", periods=6, freq="MS")
        >>> Spaced.of(np.zeros(6), np.ones(6), dates, 90).years.round(2).tolist()
        [55.16, 55.41]
        """
        order = spaced_dates(dates, purge_days)
        place = order.get_indexer(dates).astype(np.int64)
        at = place >= 0
        years = (order - pd.Timestamp(0)).days.to_numpy(dtype=float) / DAYS_A_YEAR
        return cls(eta[at], stayed[at], place[at], years)

    def mapped(self, slope: float) -> tuple[Spaced, float]:
        """Return the rows with log-odds times ``slope``, moved so that as many are expected to stay, and the shift."""
        expected, shift = float(expit(self.eta).sum()), 0.0
        for _ in range(MAX_STEPS if slope != 1.0 else 0):
            p = expit(slope * self.eta + shift)
            step = (expected - float(p.sum())) / max(float((p * (1 - p)).sum()), 1e-12)
            shift += float(np.clip(step, -2.0, 2.0))
            if abs(step) < 1e-12:
                break
        return Spaced(slope * self.eta + shift, self.stayed, self.place, self.years), shift

    def drift(self) -> float:
        """Return the level at the newest date less the mean level, in log-odds of staying.

        Returns
        -------
        float
            Posterior mean over ``SPEEDS``; 0 with fewer than two dates, or where nobody left or stayed.

        Notes
        -----
        The local level model: a level that walks at random from date to date (Harvey, 1989, Forecasting, Structural
        Time Series Models and the Kalman Filter), here with the binomial likelihood. Each speed is weighed by its
        marginal likelihood in Laplace's approximation (Tierney and Kadane, 1986). A level measured out of time instead
        says how the later rows differ from the earlier ones; the fit on all rows knows both, and lies between.

        Examples
        --------
        >>> stayed = np.repeat([1.0, 0.0] * 4, [900, 100] * 3 + [700, 300])
        >>> rows = Spaced(np.full(4000, np.log(3400 / 600)), stayed, np.repeat(range(4), 1000), np.arange(4) / 4)
        >>> round(rows.drift(), 1)
        -0.9
        """
        if len(self.years) < 2 or not 0 < self.stayed.sum() < len(self.stayed):
            return 0.0
        fit, newest = np.array([self._walked(speed) for speed in SPEEDS]).T
        weight = np.exp(fit - fit.max())
        return float((weight * (newest - newest[0])).sum() / weight.sum())  # at the first speed the level stands still

    def _walked(self, speed: float) -> tuple[float, float]:
        """Return the log marginal likelihood of a speed, and the level of the newest date under it."""
        basis = np.column_stack([np.ones(len(self.years)), speed * self._steps()])
        penalty = np.diag([FLAT, *[1.0] * (len(self.years) - 1)])
        t = np.zeros(len(self.years))
        for _ in range(MAX_STEPS):
            gradient, curvature = self._slopes(basis @ t)
            gradient, hessian = basis.T @ gradient + penalty @ t, (basis.T * curvature) @ basis + penalty
            step = np.linalg.solve(hessian, gradient)
            t = t - step / max(1.0, float(np.abs(step).max()))
            if float(np.abs(step).max()) < 1e-10:
                break
        fit = self._log_likelihood(basis @ t) - 0.5 * float(t[1:] @ t[1:])
        return fit - 0.5 * float(np.linalg.slogdet(hessian)[1]), float((basis @ t)[-1])

    def _steps(self) -> Floats:
        """Return what each unit step of a walk adds to the level of each date; levels have mean zero by information."""
        n = len(self.years)
        steps = np.vstack([np.zeros(n - 1), np.tril(np.ones((n - 1, n - 1)))]) * np.sqrt(np.diff(self.years))
        known = self._slopes(np.zeros(n))[1]
        return np.asarray(steps - (known / known.sum()) @ steps)

    def _slopes(self, level: Floats) -> tuple[Floats, Floats]:
        p, n = expit(self.eta + level[self.place]), len(self.years)
        gradient, curvature = (np.bincount(self.place, part, minlength=n) for part in (p - self.stayed, p * (1 - p)))
        return gradient.astype(np.float64), curvature.astype(np.float64)

    def _log_likelihood(self, level: Floats) -> float:
        eta = self.eta + level[self.place]
        return float((self.stayed * eta - np.logaddexp(0.0, eta)).sum())
