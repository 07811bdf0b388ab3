"""Survival curves: one a row, on a grid of periods, with an even risk in between; the stay and worth they foretell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from cs_ml.models.periods import DAYS_A_MONTH

__all__ = ["HORIZONS", "Curve", "reach", "span"]

Floats = npt.NDArray[np.float64]
HORIZONS = (30, 90, 180, 365)  # days for which the risk of leaving is told
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

    def expected_days(self, within_days: float, since: float = 0.0) -> Floats:
        """Return the days that a row is expected to stay between two days (restricted mean), shape (n_rows,).

        Examples
        --------
        >>> Curve.of_hazard(np.array([[0.5, 0.5]]), 30).expected_days(60)
        array([33.75])
        """
        return np.asarray(self.stayed(within_days, since).sum(axis=1) * self.days)

    def expected_months(self, within_days: float, since: float = 0.0) -> Floats:
        """Return the same in months of 365.25 / 12 days."""
        return self.expected_days(within_days, since) / DAYS_A_MONTH

    def worth(self, within_days: float, *, gross_margin: float = 1.0, discount_rate: float = 0.0) -> Floats:
        """Return what is still to come for each unit of monthly revenue, shape (n_rows,).

        Parameters
        ----------
        within_days
            Time looked at.
        gross_margin
            Share of the revenue that is kept.
        discount_rate
            Yearly rate by which later money counts less, from the middle of each period on.

        Examples
        --------
        >>> stays = Curve(np.zeros((1, 12)), 30)
        >>> stays.worth(305, gross_margin=0.5).round(2), stays.worth(305, discount_rate=0.1).round(2)
        (array([5.01]), array([9.63]))
        """
        stayed = self.stayed(within_days)
        years = (np.arange(stayed.shape[1]) + 0.5) * self.days / 365.25
        paid = gross_margin * self.days / DAYS_A_MONTH * (1 + discount_rate) ** -years
        return np.asarray((stayed * paid).sum(axis=1))

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


def span(value: Floats, refits: Sequence[Floats], most: Floats) -> tuple[Floats, Floats]:
    """Return the ends of the 90 % interval of a positive quantity, which errs evenly on the logarithmic scale.

    Parameters
    ----------
    value
        What the fit says, shape (n_rows,).
    refits
        The same from each refit, see :func:`reach`.
    most
        The same if nobody left: more it cannot be.

    Returns
    -------
    low, high
        Missing where there are fewer than two refits.

    Examples
    --------
    >>> low, high = span(np.array([10.0]), [np.array([9.0]), np.array([10.0]), np.array([11.0])], np.array([12.0]))
    >>> low.round(2), high
    (array([7.46]), array([12.]))
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.exp(np.broadcast_to(reach([np.log(one) for one in refits]), value.shape))
    return value / factor, np.minimum(value * factor, most)
