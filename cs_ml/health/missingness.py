"""Whether it means something that a measure is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cs_ml.health.book import Book
from cs_ml.health.intervals import Z90, clustered_mean
from cs_ml.health.typical import Typical

__all__ = ["missingness_table"]


def missingness_table(book: Book, typical: Typical) -> pd.DataFrame:
    """Return the churn rate with each measure present and missing, and whether the two differ.

    Parameters
    ----------
    book
        Labelled rows.
    typical
        What was learned about the book.

    Returns
    -------
    pandas.DataFrame
        By measure: ``missing`` (share of rows), ``churn_present``, ``churn_missing``, ``difference``, ``low``,
        ``high`` (90 %, clustered by account) and ``differs``, which asks for more (90 % for all measures together,
        Bonferroni). An association, not an effect: NaN where a measure is always or never there.
    """
    missing = np.isnan(typical.points(book.X, book.segment))
    strict = -float(ndtri(0.05 / missing.shape[1]))
    rows = [_row(column, book, strict) for column in missing.T]
    columns = ["missing", "churn_present", "churn_missing", "difference", "low", "high", "differs"]
    return pd.DataFrame(rows, index=pd.Index(typical.scorecard.names, name="measure"), columns=columns)


def _row(missing: np.ndarray, book: Book, strict: float) -> list[object]:
    left, share, nan = 1.0 - book.stayed, float(missing.mean()), float("nan")
    if share in (0.0, 1.0):
        rate = float(left.mean())
        return [share, rate if share == 0 else nan, rate if share == 1 else nan, nan, nan, nan, False]
    there, away = float(left[~missing].mean()), float(left[missing].mean())
    influence = np.where(missing, (left - away) / share, -(left - there) / (1 - share))
    error, difference = clustered_mean(influence, book.account)[1], away - there
    low, high = difference - Z90 * error, difference + Z90 * error
    return [share, there, away, difference, low, high, abs(difference) > strict * error]
