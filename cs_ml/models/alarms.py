"""Alarms: columns that know too much."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.columns import column_kind, numbers
from cs_ml.models.metrics import roc_auc
from cs_ml.models.target import Target

__all__ = ["column_auc", "leak_alarms"]

Floats = npt.NDArray[np.float64]
SUSPICIOUS_AUC = 0.9
NEARLY = 0.85  # of the model's AUC above 0.5: that is told by few rows, and other columns add to any leak
FEWEST_POSITIVE = 5  # accounts: one that left is in many snapshots
MOST_LEVELS = 10
LIKELIER = 20.0  # turns one in twenty into better than even
HOLDS = 0.3
COLUMNS = ["alarm", "column", "value", "message"]


def leak_alarms(X: pd.DataFrame, y: Any, *, model_auc: float | None = None) -> pd.DataFrame:
    """Name the columns that look as if they had been written after the outcome.

    Parameters
    ----------
    X
        Features.
    y
        Labels, as for ``PropensityClassifier.fit``.
    model_auc
        AUC of a model on all columns; None asks only for an AUC above 0.9.

    Returns
    -------
    pandas.DataFrame
        Columns alarm, column, value, message. Alarms: ``alone`` (one column ranks nearly as well as the whole model),
        ``only_positive`` (a column is filled for no negative row, or empty for no negative row), and, for columns that
        neither names, ``mostly_positive`` (a level that holds three tenths of the positive rows, and twenty times
        the share of them that it holds of the negative ones). The last two ask for five accounts.

    Examples
    --------
    >>> y = np.repeat([0.0, 1.0], [90, 10])
    >>> X = pd.DataFrame({"cancel_reason_days": np.where(y == 1, 3.0, np.nan), "logins": np.arange(100.0) % 7})
    >>> leak_alarms(X, y)[["alarm", "column"]].to_numpy().tolist()
    [['alone', 'cancel_reason_days'], ['only_positive', 'cancel_reason_days']]
    """
    target = Target.read(X.index, y)
    frame = X.iloc[target.rows]
    found = []
    for name in frame.columns:
        told = _alone(str(name), frame[name], target.y, model_auc)
        told += _only_positive(str(name), frame[name], target)
        found += told or _mostly_positive(str(name), frame[name], target)
    return pd.DataFrame(found, columns=COLUMNS)


def column_auc(column: pd.Series, y: Floats) -> float:
    """Return how well one column alone ranks the rows, in its better direction; at least 0.5.

    Missing values are ranked at whichever end serves better; levels of a category are ranked by their own share of
    positives leaving the row itself out.

    Parameters
    ----------
    column
        Numbers, categories or text.
    y
        Labels 0.0 / 1.0.

    Returns
    -------
    float
        Between 0.5 and 1.

    Examples
    --------
    >>> column_auc(pd.Series([3.0, 2.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    1.0
    """
    if column_kind(column) != "number":
        return max(0.5, float(roc_auc(y, _left_out_share(column, y))))
    values = numbers(column)
    absent = np.isnan(values)
    known = values[~absent]
    low, high = (float(known.min()) - 1.0, float(known.max()) + 1.0) if len(known) else (0.0, 0.0)
    areas = [float(roc_auc(y, np.where(absent, end, values))) for end in ((low, high) if absent.any() else (low,))]
    return max(0.5, *areas, *(1.0 - area for area in areas))


def _alone(name: str, column: pd.Series, y: Floats, model_auc: float | None) -> list[tuple[Any, ...]]:
    area = column_auc(column, y)
    if area <= SUSPICIOUS_AUC or (model_auc is not None and area - 0.5 < NEARLY * (model_auc - 0.5)):
        return []
    return [("alone", name, area, f"{name}: alone reaches an AUC of {area:.2f}; was it written after the outcome?")]


def _only_positive(name: str, column: pd.Series, target: Target) -> list[tuple[Any, ...]]:
    absent = column.isna().to_numpy()
    for state, rows in (("filled", ~absent), ("empty", absent)):
        share = float(rows.mean())
        if _leavers(target, rows) >= FEWEST_POSITIVE and target.y[rows].all() and not rows.all():
            message = (
                f"{name}: {state} in {int(rows.sum()):,} rows, all of them positive; was it written after the outcome?"
            )
            return [("only_positive", name, share, message)]
    return []


def _mostly_positive(name: str, column: pd.Series, target: Target) -> list[tuple[Any, ...]]:
    words = column.astype(object).where(column.notna(), "empty").astype(str)
    if column_kind(column) == "number" and column.nunique() > MOST_LEVELS:
        words = column.isna().map({True: "empty", False: "filled"})
    codes, levels = pd.factorize(words)
    ones, n = (np.bincount(codes, weights=part) for part in (target.y, np.ones(len(codes))))
    ours, theirs = ones / ones.sum(), (n - ones) / (n - ones).sum()
    found = []
    for at in map(int, np.flatnonzero((ours >= HOLDS) & (ours >= LIKELIER * theirs))):
        if _leavers(target, codes == at) >= FEWEST_POSITIVE:
            rows = f"{levels[at]} in {int(n[at]):,} rows, {int(ones[at]):,} of them positive"
            message = f"{name}: {rows}; was it written after the outcome?"
            found.append(("mostly_positive", name, float(ones[at] / n[at]), message))
    return found


def _leavers(target: Target, rows: npt.NDArray[np.bool_]) -> int:
    """Return how many accounts have a positive row among these."""
    return len(np.unique(target.clusters[rows & (target.y == 1)]))


def _left_out_share(column: pd.Series, y: Floats) -> Floats:
    codes = pd.factorize(column)[0] + 1
    ones, n = np.bincount(codes, weights=y), np.bincount(codes)
    rate = float(y.mean())
    return np.asarray((ones[codes] - y + rate) / n[codes], dtype=np.float64)
