"""Applies the rule of a measure to a feature column."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.errors import Fault, FrameError
from cs_ml.health.measure import Measure
from cs_ml.health.relative import Ranks

__all__ = ["numbers", "points_of"]


def points_of(
    measure: Measure, X: pd.DataFrame, segment: NDArray[np.object_], ranks: Ranks | None = None
) -> NDArray[np.float64]:
    """Return 0 to 100 points of one measure for each row.

    Parameters
    ----------
    measure
        The measure.
    X
        Features, with the columns the measure reads.
    segment
        Segment of each row, for a ``relative`` measure.
    ranks
        Percentiles learned before; without them, those of ``X`` itself.

    Returns
    -------
    numpy.ndarray
        Points, shape (rows,); NaN where the value is missing or stale.

    Raises
    ------
    FrameError
        If a rule for numbers meets a column of text.

    Examples
    --------
    >>> days = Measure(name="days", feature="d", dimension="adoption", knots=((0, 0), (20, 100)))
    >>> points_of(days, pd.DataFrame({"d": [-3.0, 5.0, 40.0]}), np.array(["*"] * 3, dtype=object))
    array([  0.,  25., 100.])
    """
    points = _by_rule(measure, X, segment, ranks)
    if measure.recency is not None and measure.stale_after is not None:
        points[numbers(X, measure.recency, measure.name) > measure.stale_after] = np.nan
    return points


def _by_rule(
    measure: Measure, X: pd.DataFrame, segment: NDArray[np.object_], ranks: Ranks | None
) -> NDArray[np.float64]:
    if measure.levels is not None:
        levels = measure.levels
        return np.array([levels.get(str(value), np.nan) for value in X[measure.feature]], float)
    values = numbers(X, measure.feature, measure.name)
    if measure.relative is not None:
        learned = ranks or Ranks.learn(values, segment, higher_is_better=measure.relative == "higher")
        return learned.points(values, segment)
    at, points = np.array(measure.knots or measure.change, float).T
    return np.asarray(np.interp(values, at, points), dtype=float)


def numbers(X: pd.DataFrame, feature: str, where: str) -> NDArray[np.float64]:
    """Return a column as float64, NaN where missing.

    Parameters
    ----------
    X
        Features.
    feature
        Column to read.
    where
        Name of the measure, for the message.

    Raises
    ------
    FrameError
        If the column holds something else than numbers.
    """
    column = X[feature]
    if not (pd.api.types.is_numeric_dtype(column) or column.isna().all()):
        hint = "use levels: for a category"
        raise FrameError(Fault(f"measure {where!r}: {feature}", "numbers", str(column.dtype), hint=hint))
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan), dtype=float).copy()
