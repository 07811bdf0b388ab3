"""Lines up what is handed to a health score: segments, margins, and the rows to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.errors import Fault, FrameError
from cs_ml.health.book import Book
from cs_ml.health.relative import BOOK
from cs_ml.health.typical import Typical

__all__ = ["GIVEN", "SEGMENT", "aligned", "learning_rows", "margin_for", "segment_name", "segment_of"]

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]
SEGMENT = "accounts_segment_current"
GIVEN = "*given*"  # the segment was a series, so scoring needs one too
FEWEST, ENOUGH = 5, 30  # churns in rows with a margin: below, it is not used; from then on, such rows suffice


def segment_of(X: pd.DataFrame, segment: pd.Series | str | None) -> Texts:
    """Return the segment of each row as text.

    Parameters
    ----------
    X
        Features.
    segment
        A series by ``X.index``, the name of a column, or None for ``accounts_segment_current`` where it exists.

    Returns
    -------
    numpy.ndarray
        Shape (rows,); ``"*"`` where there is none.

    Raises
    ------
    FrameError
        If a named column does not exist, or the series lacks rows.

    Examples
    --------
    >>> segment_of(pd.DataFrame({"size": ["big", None]}), "size")
    array(['big', '*'], dtype=object)
    """
    if segment is None:
        segment = SEGMENT if SEGMENT in X else None
    if segment is None:
        return np.full(len(X), BOOK, dtype=object)
    if isinstance(segment, str) and segment not in X:
        raise FrameError(Fault("segment", "a column of the features", repr(segment)))
    values = X[segment] if isinstance(segment, str) else segment.reindex(X.index)
    texts = values.astype(object).where(values.notna(), BOOK).to_numpy(dtype=object)
    return np.array([str(text) for text in texts], dtype=object)


def aligned(values: pd.Series | NDArray[Any], X: pd.DataFrame, name: str) -> Floats:
    """Return one number a row of ``X``.

    Parameters
    ----------
    values
        A series, lined up by its index, or an array of the same length.
    X
        Features.
    name
        What the numbers are, for the message.

    Raises
    ------
    FrameError
        If an array has another length, or a series has none of the rows.
    """
    if isinstance(values, pd.Series):
        series = values.reindex(X.index)
        if len(X) and series.isna().all():
            raise FrameError(Fault(name, "numbers for the rows of the features", "none that match"))
        return series.to_numpy(dtype=float, na_value=np.nan)
    array = np.asarray(values, dtype=float)
    if array.shape != (len(X),):
        raise FrameError(Fault(name, f"{len(X):,} numbers", f"shape {array.shape}"))
    return array


def segment_name(X: pd.DataFrame, segment: pd.Series | str | None) -> str | None:
    """Return what scoring must use as segment: a column, ``GIVEN`` for a series, None for nothing."""
    if segment is None:
        return SEGMENT if SEGMENT in X else None
    return segment if isinstance(segment, str) else GIVEN


def learning_rows(
    X: pd.DataFrame,
    y: pd.DataFrame | pd.Series,
    segment: pd.Series | str | None,
    margin: pd.Series | Floats | None,
    out_of_time_margin: pd.Series | Floats | None,
) -> tuple[Book, str | None]:
    """Return the rows to learn from, and what to know about the margin.

    Parameters
    ----------
    X, y, segment, margin, out_of_time_margin
        As in ``HealthScore.fit``.

    Returns
    -------
    book
        Labelled rows; with out-of-time margins, those that have one. Where these hold fewer than 30 churns, all rows,
        with the margins there are; fewer than five, without a margin.
    note
        None without a margin.
    """
    labels = segment_of(X, segment)
    if margin is None and out_of_time_margin is None:
        return Book.make(X, y, labels, None), None
    if out_of_time_margin is None:
        assert margin is not None  # noqa: S101  the branch above says so
        note = "the model's margin was taken as given: a model that has seen these rows earns too much weight"
        return Book.make(X, y, labels, aligned(margin, X, "margin")), note
    honest, book = aligned(out_of_time_margin, X, "out_of_time_margin"), Book.make(X, y, labels, None)
    kept = np.isfinite(honest)
    known = book.among(X.index[kept]).n_events
    if known < FEWEST:
        note = f"the model's margin is not used: fewer than {FEWEST} churns lie in the rows it was tested on"
        return book, note
    if known < ENOUGH and not kept.all():
        note = (
            f"the model's margin is known for {known} churns only: weights are an average over expert and model, each "
            "counting by how well it tells who left; no row was left out"
        )
        return Book.make(X, y, labels, honest), note
    note = f"{int((~kept).sum()):,} rows without an out-of-time margin were left out"
    return Book.make(X[kept], y, labels[kept], honest[kept]), note


def margin_for(X: pd.DataFrame, margin: pd.Series | Floats | None, typical: Typical) -> Floats | None:
    """Return the margin of each row to score, or None for a score fitted without one.

    Raises
    ------
    FrameError
        If the score was fitted with a margin and none is given.
    """
    if typical.margin_centre is None:
        return None
    if margin is None:
        raise FrameError(
            Fault("margin", "the model's log-odds of churn, because the score was fitted with them", "none")
        )
    return aligned(margin, X, "margin")
