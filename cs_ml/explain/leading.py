"""The terms that move each margin most, without words: for books of millions of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, InputError
from cs_ml.explain.contributions import AdditiveModel, Contributions, checked, chunks

__all__ = ["leading"]


def leading(model: AdditiveModel, X: pd.DataFrame, *, top: int = 5, chunk: int = 20_000) -> pd.DataFrame:
    """Return the margin of every row and the terms that are largest in it.

    Parameters
    ----------
    model
        Has ``contributions(X) -> (frame, bias)`` and ``margin(X)``.
    X
        Feature frame, shape (rows, features).
    top
        Terms a row.
    chunk
        Rows asked for at a time: of all terms no more are held at once.

    Returns
    -------
    pandas.DataFrame
        Indexed as ``X``: ``margin``, then for each rank, largest absolute points first and ties in order of the
        columns, ``driver_<rank>`` (category) and ``points_<rank>`` in the unit of the margin. Terms of zero are null.

    Raises
    ------
    FrameError, InputError
        As for :func:`cs_ml.explain.contributions`, and if ``top`` is below one.

    Examples
    --------
    >>> class Twice:
    ...     def contributions(self, X):
    ...         return 2 * X, 1.0
    ...     def margin(self, X):
    ...         return 1.0 + 2 * X.sum(axis=1)
    >>> leading(Twice(), pd.DataFrame({"a": [1.0, 0.0], "b": [-3.0, 2.0]}), top=1)
       margin driver_1  points_1
    0    -3.0        b      -6.0
    1     5.0        b       4.0
    """
    if top < 1:
        raise InputError(Fault("top", "at least one term", str(top)))
    return pd.concat([_ranked(*checked(model, rows), top) for rows in chunks(X, chunk)])


def _ranked(found: Contributions, margin: np.ndarray, top: int) -> pd.DataFrame:
    columns: dict[str, object] = {"margin": margin}
    for rank, (code, points) in enumerate(_largest(found.terms.to_numpy(), top), start=1):
        columns[f"driver_{rank}"] = pd.Categorical.from_codes(code, categories=found.terms.columns)
        columns[f"points_{rank}"] = points
    return pd.DataFrame(columns, index=found.terms.index)


def _largest(terms: np.ndarray, top: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each rank the place and size of the largest term left in each row; place -1 where none is."""
    terms = terms if terms.shape[1] else np.zeros((len(terms), 1))
    rows, left = np.arange(len(terms)), np.nan_to_num(np.abs(terms))
    for _ in range(top):
        place = left.argmax(axis=1)
        found = left[rows, place] > 0
        yield np.where(found, place, -1), np.where(found, terms[rows, place], np.nan)
        left[rows, place] = 0.0
