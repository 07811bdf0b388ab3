"""Weights between what the expert believes and what the data show, chosen out of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.belief import MODEL_PRECISION, VIEWS, believed, left_out
from cs_ml.health.book import Book
from cs_ml.health.intervals import Z90, clustered_mean
from cs_ml.health.posterior import Posterior, Problem, log_losses
from cs_ml.health.typical import Typical
from cs_ml.timeline.split import TimeSplit

__all__ = ["LAMBDAS", "LOOSEST", "Recipe", "choose_lambda", "compare", "event_tempo", "out_of_time", "weight_table"]

Floats = NDArray[np.float64]

LAMBDAS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, float("inf"))
RIDGE = 1e-4  # keeps every weight finite where the data separate perfectly
SEGMENT_PRECISION = 1.0  # a segment's offset has a prior standard deviation of one in log-odds
HELD = 1e9  # precision that holds a coefficient at zero
MIN_FOLD_EVENTS = 3
LOOSEST = 0.1  # intervals go by it: a prior standard deviation of three in log-odds per 100 points, almost data alone


@dataclass(frozen=True)
class Recipe:
    """How weights are found: a prior direction, and how firmly it is held.

    Parameters
    ----------
    prior
        Direction of the weights, shape (measures,).
    strength
        ``lambda``: 0 for data only, infinite for the prior's proportions only.
    kappa_precision
        Precision of a normal prior of the prior's size about zero; 0 leaves the size free.
    """

    prior: Floats
    strength: float
    kappa_precision: float = 0.0

    def fit(self, book: Book, typical: Typical, z: Floats | None = None, start: Floats | None = None) -> Floats:
        """Return the posterior mode of all coefficients on the rows of a book, shape (columns,).

        Where the model's margin is known for some rows only, churns are too few to fit all at once: the modes of
        measures alone, model alone and both are averaged by :meth:`beliefs`.
        """
        z = book.columns(typical) if z is None else z
        if not book.partly_modelled:
            return self._mode(book, typical, z, start)
        shares = self.beliefs(book, typical, z)
        return np.asarray(sum(share * self._mode(book, typical, z, view=view) for view, share in shares.items()))

    def beliefs(self, book: Book, typical: Typical, z: Floats) -> dict[str, float]:
        """Return how far the expert's proportions, the model and both together are believed."""
        plain, found = replace(self, strength=float("inf")), {}
        for view in VIEWS:
            eta = np.einsum("ij,j->i", z, plain._mode(book, typical, z, view=view))  # noqa: SLF001  of the same class
            found[view] = -event_tempo(book) * float(log_losses(eta, book.stayed).sum())
        return believed(found, book.n_events)

    def _mode(
        self, book: Book, typical: Typical, z: Floats, start: Floats | None = None, *, view: str | None = None
    ) -> Floats:
        """Return the mode of all columns, or of those of a view, the others held at zero."""
        basis = self._basis(typical, z.shape[1])
        penalty, lower = self._penalty(typical, basis)
        centre = np.zeros(len(lower))
        if view is not None:
            penalty[-1, -1], centre[-1] = MODEL_PRECISION, 1.0
            out = left_out(view, typical.weights_at, z.shape[1])
            held = np.flatnonzero(np.abs(basis[out]).sum(axis=0))
            penalty[held, held], centre[held] = HELD, 0.0
        problem = Problem(z @ basis, book.stayed, penalty, lower, event_tempo(book), centre)
        mode = np.asarray(basis @ problem.mode(start if np.isfinite(self.strength) else None))
        return mode if view is None else np.where(out, 0.0, mode)

    def posterior(self, book: Book, typical: Typical, z: Floats) -> Posterior:
        """Return mode and spread of all coefficients; the strength must be finite."""
        return Problem(z, book.stayed, *self._penalty(typical, np.eye(z.shape[1])), event_tempo(book)).posterior()

    def _basis(self, typical: Typical, n_terms: int) -> Floats:
        """All columns for finite strength; for infinite strength one common size of the prior's weights."""
        whole, at = np.eye(n_terms), typical.weights_at
        if np.isfinite(self.strength):
            return whole
        return np.column_stack([whole[:, : at.start], whole[:, at] @ self.prior, whole[:, at.stop :]])

    def _penalty(self, typical: Typical, basis: Floats) -> tuple[Floats, Floats]:
        """Penalty with the prior's size minimised out, and the lower bounds."""
        at, unit = typical.weights_at, self.prior / np.linalg.norm(self.prior)
        full = np.diag([0.0, *[SEGMENT_PRECISION] * len(typical.segments), *[RIDGE] * (len(basis) - at.start)])
        if np.isfinite(self.strength):
            full[at, at] += self.strength * (np.eye(typical.n_measures) - np.outer(unit, unit))
        penalty = basis.T @ full @ basis
        if not np.isfinite(self.strength):
            penalty[at.start, at.start] += self.kappa_precision
        return penalty, np.where(np.arange(len(penalty)) < at.start, -np.inf, 0.0)


def event_tempo(book: Book) -> float:
    """Return how much of an independent row each row is worth: churn events over churn rows.

    An account seen on three dates before it leaves gives three churn rows and one event.
    """
    n_rows = int((book.event >= 0).sum())
    return book.n_events / n_rows if n_rows else 1.0


def out_of_time(book: Book, recipes: dict[Any, Recipe], split: TimeSplit, learn: Any) -> pd.DataFrame:
    """Return the log-odds of staying that each recipe gave to rows it had not seen, origin by origin.

    Parameters
    ----------
    book
        Labelled rows, sorted as ``book.X``.
    recipes
        What to fit at each origin.
    split
        Purged rolling origins.
    learn
        Function of a book that learns what is typical of it.

    Returns
    -------
    pandas.DataFrame
        One column a recipe and ``base`` (the base rate of the training rows); index is the position of
        the row in the book. Empty when no origin has three churn events before it.
    """
    parts = []
    for train, test in split.split(book.X):
        past, recent = book.rows(train), book.rows(test)
        if past.n_events < MIN_FOLD_EVENTS or not past.stayed.any():
            continue
        typical = learn(past)
        z_past, z_recent = past.columns(typical), recent.columns(typical)
        share = past.stayed.mean()
        etas = {"base": np.full(len(test), np.log(share / (1 - share)))}
        start = None
        for name, recipe in recipes.items():
            start = recipe.fit(past, typical, z_past, start)
            etas[name] = np.einsum("ij,j->i", z_recent, start)
        parts.append(pd.DataFrame(etas, index=test))
    return pd.concat(parts) if parts else pd.DataFrame(columns=["base", *recipes], dtype=float)


def choose_lambda(etas: pd.DataFrame, book: Book) -> float:
    """Return the largest strength within one standard error of the best.

    Parameters
    ----------
    etas
        Out-of-time log-odds with one column a strength.
    book
        The rows that ``etas`` refers to by position.

    Returns
    -------
    float
        Infinite (the expert) unless the data beat it by more than one standard error of the paired difference,
        clustered by account. Intervals do not go by it: see ``LOOSEST``.

    Notes
    -----
    One-standard-error rule of Breiman, Friedman, Olshen and Stone (1984), on paired differences.
    """
    seen = book.rows(etas.index.to_numpy())
    losses = {strength: log_losses(etas[strength].to_numpy(), seen.stayed) for strength in LAMBDAS}
    best = min(losses, key=lambda strength: losses[strength].mean())
    gaps = {strength: clustered_mean(loss - losses[best], seen.account) for strength, loss in losses.items()}
    near = [strength for strength, (gap, error) in gaps.items() if gap <= error or strength == best]
    return max(near)


def compare(etas: pd.DataFrame, book: Book, names: dict[str, Any]) -> pd.DataFrame:
    """Return out-of-time log loss of each candidate, and the last one's difference to it, with 90 % intervals.

    Parameters
    ----------
    etas
        Out-of-time log-odds.
    book
        The rows that ``etas`` refers to by position.
    names
        Row name to column of ``etas``; the last is the one compared with the others.

    Returns
    -------
    pandas.DataFrame
        Columns ``log_loss, low, high, difference, difference_low, difference_high, rows, accounts, events``;
        a negative difference favours the last candidate.
    """
    seen = book.rows(etas.index.to_numpy())
    losses = {name: log_losses(etas[column].to_numpy(), seen.stayed) for name, column in names.items()}
    last = losses[list(names)[-1]]
    rows = [[*_interval(loss, seen), *_interval(last - loss, seen)] for loss in losses.values()]
    columns = ["log_loss", "low", "high", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame(rows, index=pd.Index(list(names), name="weights"), columns=columns)
    return table.assign(rows=len(etas), accounts=len(np.unique(seen.account)), events=seen.n_events)


def _interval(values: Floats, book: Book) -> tuple[float, float, float]:
    mean, error = clustered_mean(values, book.account)
    return mean, mean - Z90 * error, mean + Z90 * error


def weight_table(
    book: Book, typical: Typical, recipe: Recipe, equal: Recipe, loosest: float = LOOSEST
) -> tuple[pd.DataFrame, Posterior]:
    """Return every weight with the expert's and equal weights beside it, its interval and its evidence.

    Parameters
    ----------
    book
        Rows to fit on.
    typical
        What was learned about the book.
    recipe, equal
        The chosen recipe, and the one with equal weights.
    loosest
        Strength of the prior that intervals go by; finite. The strength that predicts best is no measure of what is
        known: in simulated books of 20 to 240 churns, 90 % intervals by the loosest strength that could not be told
        from the best covered 87 to 91 % of the weights with a good expert, those by ``LOOSEST`` 89 to 90 %.

    Returns
    -------
    table
        By measure: ``expert`` (share of the expert's weight), ``prior`` (expert's weights at the size the data
        give them), ``equal``, ``posterior``, ``low``, ``high`` (90 %), ``events`` (churns with the measure
        present). Weights are in log-odds per 100 points.
    posterior
        Of all coefficients.
    """
    z = book.columns(typical)
    learned = replace(recipe, strength=loosest).posterior(book, typical, z).about(recipe.fit(book, typical, z))
    expert = replace(recipe, strength=float("inf")).fit(book, typical, z)
    low, high = learned.interval()
    table = pd.DataFrame(
        {
            "expert": recipe.prior,
            "prior": expert[typical.weights_at],
            "equal": equal.fit(book, typical, z)[typical.weights_at],
            "posterior": learned.mode[typical.weights_at],
            "low": low[typical.weights_at],
            "high": high[typical.weights_at],
            "events": _events(book, typical),
        },
        index=pd.Index(typical.scorecard.names, name="measure"),
    )
    return (
        table if len(learned.mode) == typical.weights_at.stop else _with_model(table, learned, book, low, high)
    ), learned


def _events(book: Book, typical: Typical) -> list[int]:
    present = ~np.isnan(typical.points(book.X, book.segment))
    return [book.rows(column).n_events for column in present.T]


def _with_model(table: pd.DataFrame, learned: Posterior, book: Book, low: Floats, high: Floats) -> pd.DataFrame:
    known = np.isfinite(book.margin) if book.margin is not None else np.zeros(len(book.stayed), bool)
    nan = float("nan")
    table.loc["model"] = [nan, nan, nan, learned.mode[-1], low[-1], high[-1], book.rows(known).n_events]
    return table.astype({"events": int})
