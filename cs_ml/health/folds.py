"""What a recipe says of rows it has not seen, and how that would have been published on the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.calibrate import Affine, slope_of
from cs_ml.health.drift import Spaced
from cs_ml.health.typical import Typical
from cs_ml.health.weights import MIN_FOLD_EVENTS, Recipe, event_tempo
from cs_ml.timeline.split import TimeSplit, as_of_dates, settled

__all__ = ["Fold", "folds_of", "published"]

Floats = NDArray[np.float64]
COLUMNS = ("eta", "published")


@dataclass(frozen=True)
class Fold:
    """One origin: the rows it tested with their log-odds, and its own learning rows.

    Parameters
    ----------
    tested
        Positions of the tested rows in the book.
    eta
        Their log-odds of staying before calibration.
    past
        The learning rows with the log-odds of the same fit.
    """

    tested: NDArray[np.intp]
    eta: Floats
    past: Spaced


def folds_of(book: Book, recipe: Recipe, split: TimeSplit, learn: Callable[[Book], Typical]) -> list[Fold]:
    """Fit a recipe at every origin that has three churn events before it."""
    return [
        _fold(book, recipe, split, learn, train, test)
        for train, test in split.split(book.X)
        if book.rows(train).n_events >= MIN_FOLD_EVENTS and book.stayed[train].any()
    ]


def _fold(
    book: Book, recipe: Recipe, split: TimeSplit, learn: Callable[[Book], Typical],
    train: NDArray[np.intp], test: NDArray[np.intp],
) -> Fold:  # fmt: skip
    past = book.rows(train)
    typical = learn(past)
    z = past.columns(typical)
    weights = recipe.fit(past, typical, z)
    own, ahead = (np.einsum("ij,j->i", columns, weights) for columns in (z, book.rows(test).columns(typical)))
    return Fold(test, ahead, Spaced.of(own, past.stayed, as_of_dates(past.X), split.purge_days))


def published(folds: Sequence[Fold], book: Book, purge_days: int) -> pd.DataFrame:
    """Return log-odds of staying out of time, before and after the calibration of the day.

    Parameters
    ----------
    folds
        Origins in order of time.
    book
        The rows they refer to by position.
    purge_days
        Days until an outcome is known: what an earlier origin tested calibrates a later one once it is.

    Returns
    -------
    pandas.DataFrame
        Columns ``eta`` and ``published``, indexed by the position of the row in the book.
    """
    dates, parts = as_of_dates(book.X), []
    for fold in folds:
        day = dates[fold.tested].min()
        known = [(part, settled(dates[part.tested], day, purge_days)) for part in folds]
        slope = _slope([(part.tested[old], part.eta[old]) for part, old in known if old.any()], book)
        affine = Affine.fit(slope, fold.past)
        parts.append(pd.DataFrame({"eta": fold.eta, "published": affine(fold.eta)}, index=fold.tested))
    return pd.concat(parts) if parts else pd.DataFrame(columns=list(COLUMNS), dtype=float)


def _slope(known: Sequence[tuple[NDArray[np.intp], Floats]], book: Book) -> float:
    if not known:
        return 1.0
    at, eta = (np.concatenate(part) for part in zip(*known, strict=True))
    past = book.rows(at)
    return slope_of(eta, past.stayed, event_tempo(past))
