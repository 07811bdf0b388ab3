"""What the reader must know about a fit, in sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.typical import Typical
from cs_ml.health.weights import LOOSEST

__all__ = ["notes_of"]


def notes_of(
    book: Book,
    seen: Book,
    typical: Typical,
    *,
    few: bool,
    choosable: bool,
    strength: float,
    min_events: int,
) -> tuple[str, ...]:
    """Return the notes of a fit.

    Parameters
    ----------
    book, seen
        The labelled rows, and those of them that were predicted out of time.
    typical
        What was learned about the book.
    few
        Whether there were fewer churns than ``min_events``.
    choosable
        Whether enough churns lay out of time to choose between expert and data.
    strength
        Strength of the prior that was chosen.
    min_events
        Churns below which the expert's proportions are used.

    Returns
    -------
    tuple of str
        Empty when there is nothing to warn of.
    """
    notes = []
    alone = ", and the model's margin is not used" if typical.margin_centre is None else ""
    if few:
        notes.append(
            f"{book.n_events} churn events are fewer than {min_events}: weights are the expert's proportions, their "
            f"common size is shrunk towards nothing{alone}"
        )
    elif not choosable:
        notes.append(
            f"only {seen.n_events} churn events lie out of time: weights are the expert's proportions at a size fitted "
            "to the data, and no choice between expert and data could be tested"
        )
    if np.isinf(strength):
        notes.append(
            "weights keep the expert's proportions, because the data do not beat them by a standard error; intervals "
            f"go by the data and allow for the expert being wrong (lambda {LOOSEST:g})"
        )
    else:
        notes.append(
            f"lambda {strength:g} was chosen on the same out-of-time rows that the comparison uses: "
            "a close call in favour of the learned weights should be seen again on later dates"
        )
    never = [name for name, mean in zip(typical.scorecard.names, _seen(book, typical), strict=True) if not mean]
    if never:
        notes.append(f"never present in the training rows, so their weight is the prior's: {', '.join(never)}")
    return tuple(notes)


def _seen(book: Book, typical: Typical) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(typical.points(book.X, book.segment)).all(axis=0))
