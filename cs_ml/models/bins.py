"""Columns cut into bins once: all folds, learners and settings then grow trees on shares of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FIXED", "binned", "edge_rows"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
EDGE_ROWS = 20_000
FIXED: dict[str, Any] = {
    "objective": "binary", "deterministic": True, "feature_pre_filter": False, "num_threads": 1, "verbosity": -1,
    "force_col_wise": True,
}  # fmt: skip


def binned(matrix: Floats, y: Floats, weights: Floats | None, pasts: Sequence[Rows] = (), *, n_jobs: int = 1) -> Any:
    """Return rows as LightGBM keeps them, each value replaced by its bin.

    The edges of the bins are quantiles of the columns, and no label takes part in them. Still, where folds share the
    rows, the edges are those of the training rows of the earliest fold: what a later date looks like shall not shape
    what an earlier origin could have learned.

    Parameters
    ----------
    matrix
        Shape (n_rows, n_columns), missing as NaN.
    y, weights
        Labels 0.0 and 1.0, and row weights, shape (n_rows,).
    pasts
        Positions of the training rows of each fold, the earliest first; without any, all rows give the edges.
    n_jobs
        Threads; the result does not depend on it.

    Returns
    -------
    lightgbm.Dataset
        Constructed; folds are subsets of it.

    Notes
    -----
    LightGBM 4.7.0 keeps one number of threads for the whole process, and sets it whenever anything is built. Where two
    folds begin at once and one of them says two threads, the other may write behind the end of its tables: the process
    ends. So threads are for these bins alone; subsets, which inherit what is set here, say one.

    Examples
    --------
    >>> values, y = np.arange(200.0)[:, None], np.repeat([0.0, 1.0], 100)
    >>> binned(values, y, None, [np.arange(50)]).feature_num_bin(0) < binned(values, y, None).feature_num_bin(0)
    True
    """
    import lightgbm as lgb  # noqa: PLC0415  heavy, and only trees need it

    params, edges = {**FIXED, "num_threads": n_jobs}, None
    if pasts:
        values = edge_rows(matrix, pasts)
        edges = lgb.Dataset(values, label=np.zeros(len(values)), params=params).construct()
    whole = lgb.Dataset(np.ascontiguousarray(matrix), label=y, weight=weights, reference=edges, params=params)
    whole.construct().params = dict(FIXED)  # subsets inherit them: see the notes
    return whole


def edge_rows(matrix: Floats, pasts: Sequence[Rows]) -> Floats:
    """Return the rows that edges are taken from: those of the earliest past, of many 20,000, evenly spread.

    255 quantiles need no more. A column that has only one value there (a table that begins later) cannot be split then,
    and takes its rows from the earliest past in which it has two.

    Parameters
    ----------
    matrix
        Shape (n_rows, n_columns).
    pasts
        Positions of rows, the earliest past first.

    Examples
    --------
    >>> matrix = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 7.0], [4.0, 8.0]])
    >>> edge_rows(matrix, [np.array([0, 1]), np.arange(4)])
    array([[ 1., nan],
           [ 2.,  8.]])
    """
    n_rows = min(len(pasts[0]), EDGE_ROWS)
    found = matrix[_spread(pasts[0], n_rows)]
    for past in pasts[1:]:
        same = (found == found[0]) | np.isnan(found) & np.isnan(found[0])
        flat = np.flatnonzero(same.all(axis=0))
        if not len(flat):
            break
        found[:, flat] = matrix[np.ix_(_spread(past, n_rows), flat)]
    return found


def _spread(rows: Rows, number: int) -> Rows:
    return np.sort(rows)[np.linspace(0, len(rows) - 1, number).astype(np.intp)]
