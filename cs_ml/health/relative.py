"""Percentiles within a segment, learned once and read off for any later row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOOK", "Ranks"]

BOOK = "*"  # key of the whole book, used for segments that are small or new
MIN_ROWS = 20  # a segment with fewer values is compared with the whole book
MAX_KNOTS = 201

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Ranks:
    """Mid-rank percentiles of one feature in each segment, as knots.

    Parameters
    ----------
    knots
        For each segment: distinct values, and the percentage of rows below each (ties count half).
    higher_is_better
        Whether points rise with the value.

    Examples
    --------
    >>> ranks = Ranks.learn(np.array([1.0, 2.0, 2.0, 3.0]), np.array(["a"] * 4, dtype=object))
    >>> ranks.points(np.array([0.0, 2.0, 3.0]), np.array(["a"] * 3, dtype=object))
    array([12.5, 50. , 87.5])
    """

    knots: dict[str, tuple[Floats, Floats]]
    higher_is_better: bool = True

    @classmethod
    def learn(cls, values: Floats, segment: Texts, *, higher_is_better: bool = True) -> Self:
        """Learn the percentiles of a column.

        Parameters
        ----------
        values
            Values, shape (rows,); NaN is left out.
        segment
            Segment of each row.
        higher_is_better
            Whether points rise with the value.

        Returns
        -------
        Ranks
            With one set of knots for the book and one for each segment of at least 20 values.
        """
        known = np.isfinite(values)
        groups = {str(name): values[known & (segment == name)] for name in np.unique(segment)} | {BOOK: values[known]}
        kept = {name: group for name, group in groups.items() if name == BOOK or len(group) >= MIN_ROWS}
        return cls({name: _percentages(group) for name, group in kept.items()}, higher_is_better)

    def points(self, values: Floats, segment: Texts) -> Floats:
        """Return 0 to 100 points of each row, NaN where the value is missing.

        Parameters
        ----------
        values
            Values, shape (rows,).
        segment
            Segment of each row; a segment not learned is compared with the book.
        """
        result = np.full(len(values), np.nan)
        names = np.array([name if name in self.knots else BOOK for name in segment], dtype=object)
        for name, (at, percentage) in self.knots.items():
            rows = names == name
            if len(at):
                result[rows] = np.clip(np.interp(values[rows], at, percentage), percentage[0], percentage[-1])
        return result if self.higher_is_better else 100.0 - result

    def to_state(self) -> dict[str, Any]:
        """Return the knots as plain lists."""
        knots = {name: [at.tolist(), share.tolist()] for name, (at, share) in self.knots.items()}
        return {"knots": knots, "higher_is_better": self.higher_is_better}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_state`."""
        knots = {name: (np.array(at, float), np.array(share, float)) for name, (at, share) in state["knots"].items()}
        return cls(knots, state["higher_is_better"])


def _percentages(values: Floats) -> tuple[Floats, Floats]:
    """Distinct values and their mid-rank percentages, thinned to at most 201 knots."""
    at, counts = np.unique(values, return_counts=True)
    percentage = 100.0 * (np.cumsum(counts) - counts / 2) / max(len(values), 1)
    if len(at) > MAX_KNOTS:
        keep = np.unique(np.linspace(0, len(at) - 1, MAX_KNOTS).round().astype(int))
        at, percentage = at[keep], percentage[keep]
    return at.astype(float), percentage
