"""What a team that can work so many accounts a date would reach by a ranking, and what that might be worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cs_ml.errors import Fault, InputError
from cs_ml.models.ranked import as_matrix, like, ratio

__all__ = ["Effort", "expected_profit", "mrr_captured"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effort:
    """What working an account is assumed to cost and to bring: told by the user, never learned.

    Parameters
    ----------
    contact_cost
        Money that working one account costs.
    success_rate
        Share of the worked accounts which would have left that stay instead.
    months_kept
        Months of MRR that an account kept is worth.

    Raises
    ------
    InputError
        If a value lies outside its range.

    Examples
    --------
    >>> Effort(contact_cost=50.0, success_rate=0.2).brings(np.array([100.0]))
    array([240.])
    """

    contact_cost: float
    success_rate: float
    months_kept: float = 12.0

    def __post_init__(self) -> None:
        bounds = {"contact_cost": np.inf, "success_rate": 1.0, "months_kept": np.inf}
        wrong = {name: getattr(self, name) for name, most in bounds.items() if not 0 <= getattr(self, name) <= most}
        if wrong:
            told = {name: "a share from 0 to 1" if bounds[name] == 1 else "a number of at least 0" for name in wrong}
            raise InputError([Fault(f"effort.{name}", told[name], repr(value)) for name, value in wrong.items()])

    def brings(self, mrr: Floats) -> Floats:
        """Return what working an account that would leave is expected to save, before its cost."""
        return np.asarray(self.success_rate * self.months_kept * mrr, dtype=np.float64)


def mrr_captured(
    y: Floats, p: Floats, weights: Floats | None = None, *, mrr: Floats, capacity: int, dates: Any = None
) -> Any:
    """Return the share of the MRR at stake in positive rows that the rows one has capacity for hold.

    On each date the ``capacity`` rows with the largest ``p * mrr`` (expected MRR at stake) are worked. The choice is
    kept fixed under resampling.

    Parameters
    ----------
    y, p, weights
        Labels, probabilities and row weights, as in ``cs_ml.models.metrics``.
    mrr
        MRR of each row, shape (n_rows,); missing counts as zero.
    capacity
        Rows that can be worked a date.
    dates
        Date of each row; None means one date.

    Returns
    -------
    float or numpy.ndarray
        NaN where no positive row has MRR.

    Examples
    --------
    >>> y, p, mrr = np.array([1.0, 1.0, 0.0]), np.array([0.3, 0.1, 0.2]), np.array([100.0, 300.0, 50.0])
    >>> float(mrr_captured(y, p, mrr=mrr, capacity=1))
    0.25
    """
    money = np.nan_to_num(mrr, nan=0.0)
    worked = _first_of_each(p * money, _days(dates, len(y)), capacity)
    w = as_matrix(weights, len(y))
    return like(weights, ratio(w @ (worked * y * money), w @ (y * money)))


def expected_profit(
    y: Floats,
    p: Floats,
    weights: Floats | None = None,
    *,
    mrr: Floats,
    capacity: int,
    effort: Effort,
    dates: Any = None,
) -> Any:
    """Return the money a date that working the likeliest losses would have brought, if the assumptions hold.

    On each date up to ``capacity`` rows are worked: those with the largest ``p * success_rate * months_kept * mrr -
    contact_cost``, as far as that is above zero. Each costs ``contact_cost``, and those that did leave would have
    brought ``success_rate * months_kept * mrr`` (the profit of a retention campaign, Neslin and others 2006, with a
    value for each account). Nobody was contacted in the data: the success rate is assumed, not measured.

    Parameters
    ----------
    y, p, weights, mrr, capacity, dates
        As in ``mrr_captured``.
    effort
        What is assumed.

    Returns
    -------
    float or numpy.ndarray
        Money a date.

    Examples
    --------
    >>> y, p, mrr = np.array([1.0, 1.0, 0.0]), np.array([0.3, 0.1, 0.2]), np.array([100.0, 300.0, 50.0])
    >>> float(expected_profit(y, p, mrr=mrr, capacity=1, effort=Effort(contact_cost=10.0, success_rate=0.5)))
    590.0
    """
    brings, day = effort.brings(np.nan_to_num(mrr, nan=0.0)), _days(dates, len(y))
    hoped = p * brings - effort.contact_cost
    worked = _first_of_each(hoped, day, capacity) * (hoped > 0)
    money = worked * (y * brings - effort.contact_cost)
    return like(weights, as_matrix(weights, len(y)) @ money / (day.max() + 1))


def _days(dates: Any, n: int) -> npt.NDArray[np.intp]:
    return np.zeros(n, dtype=np.intp) if dates is None else np.unique(np.asarray(dates), return_inverse=True)[1]


def _first_of_each(value: Floats, day: npt.NDArray[np.intp], capacity: int) -> Floats:
    """Mark the rows with the largest value of each day, the earlier row first where they are equal."""
    order = np.lexsort((np.arange(len(value)), -value, day))
    first = np.searchsorted(day[order], day[order], side="left")
    worked = np.zeros(len(value))
    worked[order] = np.arange(len(value)) - first < capacity
    return worked
