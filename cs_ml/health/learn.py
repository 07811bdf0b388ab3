"""Learns what a health score needs from labelled rows: weights, calibration, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.calibrate import Affine, slope_of
from cs_ml.health.drift import Spaced
from cs_ml.health.folds import folds_of, published
from cs_ml.health.missingness import missingness_table
from cs_ml.health.notes import notes_of
from cs_ml.health.posterior import Posterior
from cs_ml.health.promises import promises
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.state import frame_from, frame_state
from cs_ml.health.typical import Typical
from cs_ml.health.verdict import verdict_of
from cs_ml.health.weights import (
    LAMBDAS,
    Recipe,
    choose_lambda,
    compare,
    event_tempo,
    out_of_time,
    weight_table,
)
from cs_ml.timeline.split import TimeSplit, as_of_dates

__all__ = ["KAPPA", "Learned", "assume", "learn"]

Floats = NDArray[np.float64]

KAPPA = 3.5  # log-odds for 100 expert points where no data say otherwise: twenty points double the odds
MIN_CHOICE_EVENTS = 5  # churns out of time that a choice of lambda has to rest on
TABLES = ("weights", "comparison", "ranking", "reliability", "checks", "missingness")


@dataclass(frozen=True)
class Learned:
    """Everything a fitted health score is made of.

    Parameters
    ----------
    typical
        Typical points, percentiles, centre of the margin.
    mode, spread
        Coefficients of the log-odds of staying and their second moments.
    affine
        Calibration.
    eta_ref
        Log-odds of staying of the book at fit time: 50 points.
    strength
        The ``lambda`` chosen; infinite for the expert's proportions.
    facts
        Counts: rows, accounts, events, and those out of time.
    tables
        Weights, comparison, ranking, reliability, ship checks, missingness.
    verdict
        Whether learned weights are better than equal and expert ones.
    notes
        What the reader must know about this fit.
    unseen
        Log-odds of staying of rows it had not seen: ``eta``, and ``published`` after the calibration of the day; others
        by ``equal`` and the ``expert``'s weights. By the position of the row among those it learned from; not saved.
    """

    typical: Typical
    mode: Floats
    spread: Floats
    affine: Affine
    eta_ref: float
    strength: float
    facts: dict[str, int]
    tables: dict[str, pd.DataFrame]
    verdict: str
    notes: tuple[str, ...]
    unseen: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)

    @property
    def posterior(self) -> Posterior:
        """Coefficients with their spread."""
        return Posterior(self.mode, self.mode, np.sqrt(np.maximum(np.diag(self.spread), 0.0)), self.spread)

    @property
    def points_per_log_odds(self) -> float:
        """Health points for one unit of log-odds."""
        return self.typical.scorecard.pdo / float(np.log(2))

    def to_state(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "typical": self.typical.to_state(),
            "mode": self.mode.tolist(),
            "spread": self.spread.tolist(),
            "affine": [self.affine.shift, self.affine.slope],
            "eta_ref": self.eta_ref,
            "strength": self.strength if np.isfinite(self.strength) else None,
            "facts": self.facts,
            "tables": {name: frame_state(table) for name, table in self.tables.items()},
            "verdict": self.verdict,
            "notes": list(self.notes),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_state`."""
        strength = state["strength"]
        return cls(
            Typical.from_state(state["typical"]),
            np.array(state["mode"], float),
            np.array(state["spread"], float),
            Affine(*state["affine"]),
            state["eta_ref"],
            float("inf") if strength is None else strength,
            state["facts"],
            {name: frame_from(part) for name, part in state["tables"].items()},
            state["verdict"],
            tuple(state["notes"]),
        )


def learn(book: Book, scorecard: Scorecard, split: TimeSplit, min_events: int, *, offsets: bool) -> Learned:
    """Learn a health score.

    Parameters
    ----------
    book
        Labelled rows.
    scorecard
        Measures with the expert's weights.
    split
        Purged rolling origins, for everything that is chosen or measured out of time.
    min_events
        With fewer churns only the expert's proportions are used, at a size shrunk towards nothing.
    offsets
        Whether segments have a base rate of their own.

    Returns
    -------
    Learned
        Weights, calibration, tables.
    """

    def typical_of(rows: Book) -> Typical:
        return Typical.learn(scorecard, rows.X, rows.segment, rows.margin, offsets=offsets)

    few = book.n_events < min_events
    precision = KAPPA**-2 if few else 0.0
    equal = Recipe(np.full(len(scorecard.measures), 1 / len(scorecard.measures)), float("inf"), precision)
    recipes = {strength: Recipe(scorecard.prior, strength, precision) for strength in LAMBDAS}
    if few:
        recipes = {float("inf"): recipes[float("inf")]}
    etas = out_of_time(book, {"equal": equal} | recipes, split, typical_of)
    seen = book.rows(etas.index.to_numpy(dtype=int))
    choosable = not few and seen.n_events >= MIN_CHOICE_EVENTS
    strength = choose_lambda(etas, book) if choosable else float("inf")
    typical = typical_of(book)
    weights, posterior = weight_table(book, typical, recipes[strength], equal)
    unseen = published(folds_of(book, recipes[strength], split, typical_of), book, split.purge_days)
    slope = slope_of(unseen["eta"].to_numpy(dtype=float), seen.stayed, event_tempo(seen))
    own = np.einsum("ij,j->i", book.columns(typical), posterior.mode)
    affine = Affine.fit(slope, Spaced.of(own, book.stayed, as_of_dates(book.X), split.purge_days))
    eta_ref = float(np.log(book.stayed.mean() / (1 - book.stayed.mean())))
    comparison = _comparison(etas, book, strength)
    facts = {"rows": len(book.stayed), "accounts": book.n_accounts, "events": book.n_events}
    facts |= {"rows_out_of_time": len(etas), "events_out_of_time": seen.n_events}
    tables = {"weights": weights, "comparison": comparison}
    tables["missingness"] = missingness_table(book, typical)
    unseen = unseen.assign(equal=etas["equal"], expert=etas[float("inf")])
    tables |= promises(unseen, eta_ref, book, scorecard)
    notes = notes_of(book, seen, typical, few=few, choosable=choosable, strength=strength, min_events=min_events)
    verdict = verdict_of(comparison, seen.n_events)
    return Learned(
        typical, posterior.mode, posterior.spread, affine, eta_ref, strength, facts, tables, verdict, notes, unseen
    )


def assume(typical: Typical, base_rate: float, kappa: float) -> Learned:
    """Return a health score that rests on the expert's weights and a base rate alone.

    Parameters
    ----------
    typical
        Typical points of the book.
    base_rate
        Churn rate that stands for 50 points, between 0 and 1.
    kappa
        Log-odds for 100 expert points.

    Returns
    -------
    Learned
        Without tables; the size of the weights is taken to be uncertain by half of itself.
    """
    prior, n_columns = typical.scorecard.prior, 1 + len(typical.segments) + typical.n_measures
    direction = np.zeros(n_columns)
    direction[typical.weights_at] = prior
    eta_ref = float(np.log((1 - base_rate) / base_rate))
    mode = kappa * direction
    mode[0] = eta_ref
    spread = np.outer(direction, direction) * (kappa / 2) ** 2
    note = (
        "expert only: no outcome was used; weights are the expert's proportions, "
        f"100 expert points are assumed to be worth {kappa:g} in log-odds of staying"
    )
    empty = {name: pd.DataFrame() for name in TABLES}
    return Learned(typical, mode, spread, Affine(), eta_ref, float("inf"), {}, empty, "Not measured.", (note,))


def _comparison(etas: pd.DataFrame, book: Book, strength: float) -> pd.DataFrame:
    names = {"base rate": "base", "equal": "equal", "expert": float("inf"), "learned": strength}
    if not len(etas):
        return pd.DataFrame()
    return compare(etas, book, names)
