"""An affine map from learned to observed log-odds, held near the identity where events are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cs_ml.health.drift import Spaced
from cs_ml.health.posterior import Problem

__all__ = ["Affine", "slope_of"]

Floats = NDArray[np.float64]
PRECISION = np.diag([0.25**-2, 0.15**-2])  # prior standard deviations in level and slope
SMALLEST_SLOPE = 0.05


@dataclass(frozen=True)
class Affine:
    """``eta' = shift + slope * eta`` with ``slope > 0``.

    Parameters
    ----------
    shift, slope
        The map; the identity by default.

    Examples
    --------
    >>> Affine(shift=1.0, slope=0.5)(np.array([2.0]))
    array([2.])
    """

    shift: float = 0.0
    slope: float = 1.0

    @classmethod
    def fit(cls, slope: float, rows: Spaced) -> Affine:
        """Return the map with a slope that was found out of time, and the level of the newest learning dates.

        Parameters
        ----------
        slope
            From :func:`slope_of`.
        rows
            The learning rows with the log-odds of the very fit that is to be calibrated.

        Notes
        -----
        The slope alone leaves as many expected to stay as before. In simulated books of 20 to 300 churns whose level
        stood still, rose, fell, jumped or walked, the level of the learning rows lost less against the truth than the
        out-of-time one in 13 of 15 kinds of books: 0.0006 less log loss at 20 churns where it stood still, up to
        0.003 less where it moved.
        """
        mapped, shift = rows.mapped(slope)
        return cls(shift + mapped.drift(), slope)

    def __call__(self, eta: Floats) -> Floats:
        """Return the mapped log-odds."""
        return self.shift + self.slope * eta


def slope_of(eta: Floats, stayed: Floats, tempo: float) -> float:
    """Return by how much log-odds must be stretched, from rows that the weights had not seen.

    Parameters
    ----------
    eta
        Out-of-time log-odds of staying.
    stayed
        1.0 stayed, 0.0 left.
    tempo
        How much of an independent row each row is worth.

    Returns
    -------
    float
        Above zero; 1 without rows.

    Notes
    -----
    Platt (1999), with a normal prior about the identity, in level at the mean log-odds and in slope: the weights were
    fitted to log loss already, so with tens of events a free map costs more than it repairs.

    Examples
    --------
    >>> slope_of(np.array([]), np.array([]), 1.0)
    1.0
    """
    if not len(eta):
        return 1.0
    middle = float(eta.mean())
    z, lower = np.column_stack([np.ones(len(eta)), eta - middle]), np.array([-np.inf, SMALLEST_SLOPE])
    return float(Problem(z, stayed, PRECISION, lower, tempo, np.array([middle, 1.0])).mode()[1])
