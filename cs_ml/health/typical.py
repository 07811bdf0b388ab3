"""What is typical of a book, and each account measured against it: the columns that the log-odds add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.points import numbers, points_of
from cs_ml.health.relative import BOOK, MIN_ROWS, Ranks
from cs_ml.health.scorecard import Scorecard

__all__ = ["Typical"]

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
NEUTRAL = 50.0


@dataclass(frozen=True)
class Typical:
    """What is learned about a book before any weight: percentiles, typical points, the centre of the margin.

    Parameters
    ----------
    scorecard
        Measures and policy for missing ones.
    ranks
        Percentiles of the ``relative`` measures.
    means
        Mean points by segment, each of shape (measures,); ``"*"`` is the whole book.
    margin_centre
        Mean margin, None without a model.
    offsets
        Whether segments have a base rate of their own.

    Notes
    -----
    The columns are, in this order: 1 (intercept), one indicator a segment that has an offset,
    ``(points - typical points of the segment) / 100`` of each measure, and minus the centred margin.
    """

    scorecard: Scorecard
    ranks: dict[str, Ranks]
    means: dict[str, Floats]
    margin_centre: float | None
    offsets: bool = True

    @classmethod
    def learn(
        cls, scorecard: Scorecard, X: pd.DataFrame, segment: Texts, margin: Floats | None, *, offsets: bool = True
    ) -> Self:
        """Learn from the rows of a book.

        Parameters
        ----------
        scorecard
            The scorecard.
        X
            Features, shape (rows, features).
        segment
            Segment of each row; segments of fewer than 20 rows share the book's typical points.
        margin
            Model's log-odds of churn, or None.
        offsets
            Whether segments have a base rate of their own.

        Returns
        -------
        Typical
            Learned.
        """
        ranks = {
            measure.name: Ranks.learn(
                numbers(X, measure.feature, measure.name), segment, higher_is_better=measure.relative == "higher"
            )
            for measure in scorecard.measures
            if measure.relative is not None
        }
        bare = cls(scorecard, ranks, {}, None if margin is None else _mean(margin, 0.0))
        points = bare.points(X, segment)
        names, counts = np.unique(segment, return_counts=True)
        book = np.array([_mean(column) for column in points.T])
        typical = {str(name): _means(points[segment == name], book) for name in names[counts >= MIN_ROWS]}
        return cls(scorecard, ranks, typical | {BOOK: book}, bare.margin_centre, offsets)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments with an offset: none when the book has fewer than two of at least 20 rows."""
        if not self.offsets:
            return ()
        named = tuple(sorted(name for name in self.means if name != BOOK))
        return named if len(named) > 1 else ()

    @property
    def n_measures(self) -> int:
        """Number of measures."""
        return len(self.scorecard.measures)

    @property
    def weights_at(self) -> slice:
        """Where the measures stand among the columns."""
        start = 1 + len(self.segments)
        return slice(start, start + self.n_measures)

    def points(self, X: pd.DataFrame, segment: Texts) -> Floats:
        """Return points, shape (rows, measures); NaN where missing."""
        columns = [points_of(measure, X, segment, self.ranks.get(measure.name)) for measure in self.scorecard.measures]
        return np.column_stack(columns)

    def columns(self, points: Floats, segment: Texts, margin: Floats | None) -> Floats:
        """Return what the log-odds of each row add up, before weights; shape (rows, columns)."""
        columns = [np.ones(len(points)), *((segment == name).astype(float) for name in self.segments)]
        columns += list(self.centred(points, segment).T)
        if self.margin_centre is not None and margin is not None:
            columns.append(np.nan_to_num(self.margin_centre - margin))
        return np.column_stack(columns)

    def centred(self, points: Floats, segment: Texts) -> Floats:
        """Return ``(points - typical) / 100`` with missing measures filled by the scorecard's policy."""
        codes, names = pd.factorize(segment)
        rows = [self.means.get(name, self.means[BOOK]) for name in names]
        typical = np.array(rows, float).reshape(len(names), self.n_measures)[codes]
        policy = self.scorecard.missing
        filled = {"neutral": np.full_like(points, NEUTRAL), "worst": np.zeros_like(points)}.get(policy, typical)
        x = (np.where(np.isnan(points), filled, points) - typical) / 100.0
        if policy != "renormalise":
            return np.asarray(x)
        present = self.coverage(points)[:, None]
        return np.asarray(np.divide(x, present, out=np.zeros_like(x), where=present > 0))

    def coverage(self, points: Floats) -> Floats:
        """Return the share of expert weight present, shape (rows,)."""
        return np.asarray(np.einsum("ij,j->i", (~np.isnan(points)).astype(float), self.scorecard.prior))

    def to_state(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "scorecard": self.scorecard.model_dump(mode="json"),
            "ranks": {name: ranks.to_state() for name, ranks in self.ranks.items()},
            "means": {name: means.tolist() for name, means in self.means.items()},
            "margin_centre": self.margin_centre,
            "offsets": self.offsets,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_state`."""
        ranks = {name: Ranks.from_state(part) for name, part in state["ranks"].items()}
        means = {name: np.array(values, float) for name, values in state["means"].items()}
        scorecard = scorecard_from_state(state["scorecard"])
        return cls(scorecard, ranks, means, state["margin_centre"], state["offsets"])


def scorecard_from_state(state: dict[str, Any]) -> Scorecard:
    """Rebuild a scorecard from its dump.

    Examples
    --------
    >>> from cs_ml.health.card_file import default_scorecard
    >>> card = default_scorecard()
    >>> scorecard_from_state(card.model_dump(mode="json")) == card
    True
    """
    return Scorecard.model_validate(state)


def _mean(values: Floats, otherwise: float = NEUTRAL) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else otherwise


def _means(points: Floats, book: Floats) -> Floats:
    """Mean points of a segment; a measure never seen there takes the book's."""
    return np.array([_mean(column) if np.isfinite(column).any() else book[k] for k, column in enumerate(points.T)])
