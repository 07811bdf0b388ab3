"""Weights of a segment held to those of the whole book, now and as both stood at earlier dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.drift import Spaced
from cs_ml.health.folds import Fold
from cs_ml.health.learn import Learned
from cs_ml.health.posterior import Problem
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.typical import Typical
from cs_ml.health.weights import LAMBDAS, MIN_FOLD_EVENTS, SEGMENT_PRECISION, Recipe, event_tempo
from cs_ml.timeline.split import TimeSplit, as_of_dates

__all__ = ["Past", "Pooled", "pool"]

Floats = NDArray[np.float64]
INF = float("inf")


@dataclass(frozen=True)
class Pooled:
    """Weights of a segment between those of the whole book and what its own rows show.

    Parameters
    ----------
    prior
        Weights of the whole book in log-odds per 100 points, of the measures and then of the model; no free size.
    level
        Log-odds of staying that the whole book's weights give these rows on average.
    strength
        ``lambda``; infinite for the weights of the book.
    """

    prior: Floats
    level: float
    strength: float

    def problem(self, book: Book, z: Floats) -> Problem:
        """Return the penalised logistic problem; the strength must be finite."""
        n = len(self.prior)
        penalty = np.diag([SEGMENT_PRECISION, *[self.strength + 1e-4] * n])
        centre = np.array([self.level, *self.prior])
        return Problem(z, book.stayed, penalty, np.array([-np.inf, *[0.0] * n]), event_tempo(book), centre)

    def fit(self, book: Book, z: Floats) -> Floats:
        """Return the posterior mode of intercept and weights."""
        if np.isfinite(self.strength):
            return self.problem(book, z).mode()
        given = np.einsum("ij,j->i", z[:, 1:], self.prior)
        held = np.array([[SEGMENT_PRECISION]])
        columns = np.column_stack([np.ones(len(z)), given])
        penalty, lower = np.diag([held[0, 0], 1e9]), np.array([-np.inf, 0.0])
        level, _ = Problem(columns, book.stayed, penalty, lower, event_tempo(book), np.array([self.level, 1.0])).mode(
            np.array([self.level, 1.0])
        )
        return np.array([level, *self.prior])


def pool(own: Book, typical: Typical, whole: Typical, weights: Floats, strength: float) -> Pooled:
    """Return the weights of the whole book as the prior of a segment.

    Parameters
    ----------
    own
        Rows of the segment.
    typical, whole
        What is typical of the segment under its scorecard, and of the whole book under its own.
    weights
        Coefficients of the whole book, shape (columns,).
    strength
        ``lambda``.
    """
    level = float(np.einsum("ij,j->i", own.columns(whole), weights).mean()) if len(own.stayed) else float(weights[0])
    return Pooled(_prior(typical, whole, weights), level, strength)


def _prior(typical: Typical, whole: Typical, weights: Floats) -> Floats:
    """Return the book's weight of each measure; what only the segment has takes the expert's share of their sum."""
    book = dict(zip(whole.scorecard.names, weights[whole.weights_at], strict=True))
    expert = {measure.name: measure.weight for measure in typical.scorecard.measures}
    shared = sum(weight for name, weight in expert.items() if name in book) or sum(expert.values())
    scale = sum(book[name] for name in expert if name in book) / shared if shared else 0.0
    own = [book.get(name, scale * weight) for name, weight in expert.items()]
    return np.array([*own, *weights[whole.weights_at.stop :]], dtype=float)


@dataclass(frozen=True)
class Past:
    """The segment as it stood at each origin, with the weights that the whole book had then.

    Parameters
    ----------
    book, rows, card, parent, split
        As in :func:`cs_ml.health.segments.learn_segment`.
    """

    book: Book
    rows: NDArray[np.bool_]
    card: Scorecard
    parent: Learned
    split: TimeSplit

    def etas(self) -> pd.DataFrame:
        """Return log-odds out of time under every strength, where three churns of the segment lie before."""
        parts = []
        for own, typical, pooled, at in self._origins():
            if not _learnable(own):
                continue
            z, ahead = own.columns(typical), self.book.rows(at).columns(typical)
            fits = {strength: replace(pooled, strength=strength).fit(own, z) for strength in LAMBDAS}
            parts.append(pd.DataFrame({name: np.einsum("ij,j->i", ahead, fit) for name, fit in fits.items()}, index=at))
        return pd.concat(parts) if parts else pd.DataFrame()

    def folds(self, strength: float) -> list[Fold]:
        """Return each origin under one strength; the book's weights stand where the segment had too few churns."""
        return [
            self._fold(own, typical, replace(pooled, strength=strength if _learnable(own) else INF), at)
            for own, typical, pooled, at in self._origins()
        ]

    def _fold(self, own: Book, typical: Typical, pooled: Pooled, at: NDArray[np.intp]) -> Fold:
        z = own.columns(typical)
        fit = pooled.fit(own, z)
        fitted, ahead = (np.einsum("ij,j->i", part, fit) for part in (z, self.book.rows(at).columns(typical)))
        return Fold(at, ahead, Spaced.of(fitted, own.stayed, as_of_dates(own.X), self.split.purge_days))

    def _origins(self) -> Iterator[tuple[Book, Typical, Pooled, NDArray[np.intp]]]:
        whole = self.parent.typical
        for train, test in self.split.split(self.book.X):
            past, own, at = self.book.rows(train), self.book.rows(train[self.rows[train]]), test[self.rows[test]]
            if past.n_events < MIN_FOLD_EVENTS or not past.stayed.any() or not len(own.stayed) or not len(at):
                continue
            then = Typical.learn(whole.scorecard, past.X, past.segment, past.margin, offsets=whole.offsets)
            weights = Recipe(whole.scorecard.prior, self.parent.strength).fit(past, then)
            typical = Typical.learn(self.card, own.X, own.segment, own.margin, offsets=False)
            yield own, typical, pool(own, typical, then, weights, INF), at


def _learnable(own: Book) -> bool:
    return own.n_events >= MIN_FOLD_EVENTS and bool(own.stayed.any())
