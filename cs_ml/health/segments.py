"""Scorecards of segments: what an expert says of them, learned with the weights of the whole book as prior."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.calibrate import Affine
from cs_ml.health.learn import MIN_CHOICE_EVENTS, Learned
from cs_ml.health.posterior import Posterior, Problem
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.typical import Typical
from cs_ml.health.weights import (
    LAMBDAS,
    LOOSEST,
    MIN_FOLD_EVENTS,
    SEGMENT_PRECISION,
    Recipe,
    choose_lambda,
    event_tempo,
)
from cs_ml.timeline.split import TimeSplit

__all__ = ["Pooled", "learn_segment", "segment_rows"]

Floats = NDArray[np.float64]
INF = float("inf")


def segment_rows(card: Scorecard, X: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each segment that has a scorecard; of two that fit, the one declared first has the row.

    Examples
    --------
    >>> from cs_ml.health.measure import Measure
    >>> from cs_ml.health.segment_card import SegmentCard
    >>> days = Measure(name="days", feature="d", dimension="adoption", relative="higher")
    >>> big = SegmentCard(name="big", when={"size": ("L",)})
    >>> eastern = SegmentCard(name="eastern", when={"region": ("east",)})
    >>> card = Scorecard(measures=(days,), segments=(big, eastern))
    >>> X = pd.DataFrame({"size": ["L", "S", "S"], "region": ["east", "east", None]})
    >>> {name: rows.tolist() for name, rows in segment_rows(card, X).items()}
    {'big': [True, False, False], 'eastern': [False, True, False]}
    """
    free, found = np.ones(len(X), dtype=bool), {}
    for segment in card.segments:
        fits = np.logical_and.reduce([X[name].astype(object).isin(values) for name, values in segment.when.items()])
        found[segment.name] = np.asarray(fits & free)
        free = free & ~found[segment.name]
    return found


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


def learn_segment(
    book: Book, rows: NDArray[np.bool_], card: Scorecard, parent: Learned, split: TimeSplit, min_events: int
) -> Learned:
    """Learn the weights of a segment.

    Parameters
    ----------
    book
        Labelled rows of the whole book.
    rows
        Which of them belong to the segment.
    card
        The segment's scorecard.
    parent
        What was learned of the whole book: its weights are the prior, its reference stands for 50 points here too.
    split
        Purged rolling origins. At each, the book's weights are learned again from what was known by then.
    min_events
        With fewer churns in the segment, the book's weights are used as they are.

    Returns
    -------
    Learned
        As of a book; the tables are those of the whole book, but for the weights.
    """
    own = book.rows(np.flatnonzero(rows))
    etas = _out_of_time(book, rows, card, parent, split) if own.n_events >= min_events else pd.DataFrame()
    seen = book.rows(etas.index.to_numpy(dtype=int))
    strength = choose_lambda(etas, book) if len(etas) and seen.n_events >= MIN_CHOICE_EVENTS else INF
    typical = Typical.learn(card, own.X, own.segment, own.margin, offsets=False)
    z = own.columns(typical)
    pooled = _pooled(own, typical, parent.typical, parent.mode, strength)
    mode = pooled.fit(own, z)
    loose = _loosest(pooled, own, z).about(mode)
    affine = Affine.fit(etas[strength].to_numpy(), seen.stayed, event_tempo(seen)) if len(etas) else Affine()
    facts = {"rows": len(own.stayed), "accounts": own.n_accounts, "events": own.n_events}
    notes = (f"{own.n_events} churn events; {_told(strength)}",)
    tables = parent.tables | {"weights": _table(typical, pooled, loose, own)}
    return replace(
        parent, typical=typical, mode=mode, spread=loose.spread, affine=affine, strength=strength, facts=facts,
        tables=tables, notes=notes,
    )  # fmt: skip


def _told(strength: float) -> str:
    if np.isinf(strength):
        return "the weights of the whole book stand, because the segment's rows do not beat them by a standard error"
    return f"weights of its own, held to those of the whole book by lambda {strength:g}"


def _loosest(pooled: Pooled, own: Book, z: Floats) -> Posterior:
    known = own.n_events > 0 and bool(own.stayed.any())
    return replace(pooled, strength=LOOSEST if known else 1.0).problem(own, z).posterior()


def _pooled(own: Book, typical: Typical, whole: Typical, weights: Floats, strength: float) -> Pooled:
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


def _out_of_time(
    book: Book, rows: NDArray[np.bool_], card: Scorecard, parent: Learned, split: TimeSplit
) -> pd.DataFrame:
    parts, whole = [], parent.typical
    for train, test in split.split(book.X):
        past, own = book.rows(train), book.rows(train[rows[train]])
        at = test[rows[test]]
        if own.n_events < MIN_FOLD_EVENTS or not own.stayed.any() or not len(at):
            continue
        then = Typical.learn(whole.scorecard, past.X, past.segment, past.margin, offsets=whole.offsets)
        weights = Recipe(whole.scorecard.prior, parent.strength).fit(past, then)
        typical, recent = Typical.learn(card, own.X, own.segment, own.margin, offsets=False), book.rows(at)
        z, ahead = own.columns(typical), recent.columns(typical)
        fits = {strength: _pooled(own, typical, then, weights, strength).fit(own, z) for strength in LAMBDAS}
        parts.append(pd.DataFrame({name: np.einsum("ij,j->i", ahead, fit) for name, fit in fits.items()}, index=at))
    return pd.concat(parts) if parts else pd.DataFrame()


def _table(typical: Typical, pooled: Pooled, loose: Posterior, own: Book) -> pd.DataFrame:
    names = [*typical.scorecard.names, *(["model"] if len(pooled.prior) > typical.n_measures else [])]
    low, high = loose.interval()
    present = ~np.isnan(typical.points(own.X, own.segment))
    events = [own.rows(column).n_events for column in present.T] + [own.n_events] * (len(names) - typical.n_measures)
    columns = {"prior": pooled.prior, "posterior": loose.mode[1:], "low": low[1:], "high": high[1:], "events": events}
    return pd.DataFrame(columns, index=pd.Index(names, name="measure"))
