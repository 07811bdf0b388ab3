"""What each row adds to the numerator and denominator of a KPI, and which rows are left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["Facts", "Left", "cells"]


@dataclass(frozen=True)
class Left:
    """Rows that are left out of a KPI, and the reason.

    Parameters
    ----------
    mask
        Which rows, of the shape of the numerator.
    reason
        Why, in words that follow a count.
    """

    mask: np.ndarray
    reason: str


@dataclass(frozen=True)
class Facts:
    """Rows behind a KPI.

    Parameters
    ----------
    unit
        Account of each row, or (account, product) where products are told apart, shape (n,).
    period
        Period of each row, shape (n,).
    numerator, denominator
        What each row adds, shape (n,); 0 for a row that is left out.
    excluded
        Whether a row is left out, shape (n,).
    reason
        Why rows are left out.
    label
        Group that a row carries by itself, such as the feature an answer is about.
    detail
        Further columns that identify each row, such as a ticket.

    Examples
    --------
    >>> one = Facts(np.array([0]), np.array([0]), np.array([1.0]), np.array([2.0]))
    >>> one.left_out(np.array([True]), "too young").excluded.tolist()
    [True]
    """

    unit: np.ndarray
    period: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    excluded: np.ndarray | None = None
    reason: str = ""
    label: np.ndarray | None = None
    detail: dict[str, np.ndarray] = field(default_factory=dict)

    def left_out(self, mask: np.ndarray, reason: str) -> Facts:
        """Return the facts with some rows left out."""
        kept = ~mask
        return Facts(
            self.unit,
            self.period,
            self.numerator * kept,
            self.denominator * kept,
            mask,
            reason,
            self.label,
            self.detail,
        )

    def rows(self) -> pd.DataFrame:
        """Return unit, period, numerator, denominator, excluded and whatever identifies the rows."""
        excluded = np.zeros(len(self.unit), bool) if self.excluded is None else self.excluded
        columns = {
            "unit": self.unit, "period": self.period, "numerator": self.numerator, "denominator": self.denominator,
            "excluded": excluded,
        }  # fmt: skip
        extra = {} if self.label is None else {"label": self.label}
        return pd.DataFrame(columns | extra | self.detail)


def cells(numerator: np.ndarray, denominator: np.ndarray | None = None, left: Left | None = None) -> Facts:
    """Return the facts of a table of units by periods; cells that add nothing are not rows.

    Parameters
    ----------
    numerator, denominator
        What each cell adds, shape (units, periods); no denominator for a plain sum.
    left
        Cells that are left out.

    Examples
    --------
    >>> facts = cells(np.array([[1.0, 0.0], [0.0, 2.0]]))
    >>> facts.unit.tolist(), facts.period.tolist(), facts.numerator.tolist()
    ([0, 1], [0, 1], [1.0, 2.0])
    """
    below = np.zeros(numerator.shape) if denominator is None else np.asarray(denominator, dtype=float)
    above = np.asarray(numerator, dtype=float)
    if left is not None:
        above, below = np.where(left.mask, 0.0, above), np.where(left.mask, 0.0, below)
    there = (above != 0) | (below != 0)
    there = there if left is None else there | left.mask
    unit, period = np.nonzero(there)
    excluded = None if left is None else left.mask[unit, period]
    return Facts(unit, period, above[unit, period], below[unit, period], excluded, left.reason if left else "")
