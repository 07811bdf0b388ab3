"""Survival curves: one a row, on a grid of periods, with an even risk in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

__all__ = ["Curve", "reach"]

Floats = npt.NDArray[np.float64]
LEAST = 1e-12  # risks are never quite 0 or 1, so that they can be scaled


@dataclass(frozen=True)
class Curve:
    """The probability of staying until the begin and end of each period, one curve a row.

    Parameters
    ----------
    log_s
        Logarithm of that probability, shape (n_rows, n_periods + 1), beginning with zero.
    days
        Length of a period.

    Examples
    --------
    >>> curve = Curve.of_hazard(np.array([[0.5, 0.5]]), 30)
    >>> curve.stays(30).round(3), curve.stays(45).round(3), curve.stays(60).round(3)
    (array([0.5]), array([0.354]), array([0.25]))
    """

    log_s: Floats
    days: int

    @classmethod
    def of_hazard(cls, hazard: Floats, days: int) -> Self:
        """Return the curve of the risks of leaving in each period, shape (n_rows, n_periods)."""
        start = np.zeros((len(hazard), 1))
        risk = np.clip(hazard, LEAST, 1 - LEAST)
        return cls(np.concatenate([start, np.cumsum(np.log1p(-risk), axis=1)], axis=1), days)

    @classmethod
    def flat(cls, like: Self) -> Self:
        """Return the curve of rows that never leave, as long as another."""
        return cls(np.zeros_like(like.log_s), like.days)

    def stays(self, day: float) -> Floats:
        """Return the probability of staying at least so many days, shape (n_rows,)."""
        return np.asarray(np.exp(self._log(day)))

    def through(self, day: float, p: Floats) -> Self:
        """Return the curve that has a given probability of leaving on a day.

        Until the end of that day's period every risk is scaled alike (proportional cumulative hazards); later risks of
        those still there stay as they are. The curve falls as it did, so longer horizons remain likelier.

        Parameters
        ----------
        day
            Days from the start, above zero and within the curve.
        p
            Probability of leaving by then, shape (n_rows,).

        Examples
        --------
        >>> curve = Curve.of_hazard(np.array([[0.5, 0.5]]), 30).through(30, np.array([0.2]))
        >>> curve.stays(30).round(3), curve.stays(60).round(3)
        (array([0.8]), array([0.4]))
        """
        end = int(np.ceil(day / self.days))
        factor = np.log1p(-np.clip(p, LEAST, 1 - LEAST)) / self._log(day)
        first = self.log_s[:, : end + 1] * factor[:, None]
        later = self.log_s[:, end + 1 :] - self.log_s[:, [end]] + first[:, [-1]]
        return type(self)(np.concatenate([first, later], axis=1), self.days)

    def stayed(self, within_days: float, since: float = 0.0) -> Floats:
        """Return for each period the share of it that a row is expected to stay, between two days.

        The sum over the periods times their length is the restricted mean stay (Royston and Parmar 2013), by the
        trapezoid rule.
        """
        n = self.log_s.shape[1] - 1
        until, begun = (np.clip(end / self.days - np.arange(n), 0, 1) for end in (within_days, since))
        s = np.exp(self.log_s)
        return np.asarray((s[:, :-1] + s[:, 1:]) / 2 * (until - begun))

    def _log(self, day: float) -> Floats:
        place, last = day / self.days, self.log_s.shape[1] - 1
        low = min(int(place), last)
        high = min(low + 1, last)
        return np.asarray(self.log_s[:, low] + (place - low) * (self.log_s[:, high] - self.log_s[:, low]))


def reach(refits: Sequence[Floats]) -> Floats:
    """Return how far a 90 % interval reaches to either side, from what refits on random halves found.

    A fit on half of the accounts strays from the whole as far as the whole errs (half-sampling, McCarthy 1969);
    Student's t for their small number.

    Parameters
    ----------
    refits
        The same quantity from each refit, on a scale on which it errs evenly, such as logarithms.

    Returns
    -------
    numpy.ndarray or float
        NaN where there are fewer than two refits.

    Examples
    --------
    >>> reach([np.array([1.0]), np.array([1.2]), np.array([0.8])]).round(3)
    array([0.584])
    """
    if len(refits) < 2:
        return np.asarray(np.nan)
    return np.asarray(student.ppf(0.95, len(refits) - 1) * np.std(refits, axis=0, ddof=1))
