"""Reading labels: which rows may train, how many events they hold, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from cs_ml.errors import FrameError, NotEnoughData
from cs_ml.timeline.split import as_of_dates

__all__ = ["Target"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Target:
    """The labelled rows of a feature frame.

    Parameters
    ----------
    rows
        Positions of labelled rows in the frame, sorted by account and date where there is time.
    y
        Their labels as 0.0 and 1.0.
    classes
        The two labels as they were given.
    clusters
        Integer code of the account of each labelled row; each row its own where there are no accounts.
    dates
        ``as_of`` of each labelled row; None where there is no time.
    n_events
        Distinct events: pairs of account and ``effective_at`` where these are given, else accounts with a
        positive row, else positive rows.
    left_out
        Rows without a label by state.
    """

    rows: Rows
    y: Floats
    classes: npt.NDArray[Any]
    clusters: Rows
    dates: pd.DatetimeIndex | None
    n_events: int
    left_out: dict[str, int]

    @classmethod
    def read(cls, index: pd.Index, y: Any) -> Self:
        """Read labels for the rows of an index.

        Parameters
        ----------
        index
            Index of the feature frame.
        y
            Label frame with a column ``label``, a series by the same index in any order, or an array in row order.

        Returns
        -------
        Target
            Labelled rows only.

        Raises
        ------
        NotEnoughData
            If the labelled rows do not hold both classes.
        FrameError
            If there are more than two classes, or the lengths differ.

        Examples
        --------
        >>> target = Target.read(pd.RangeIndex(3), np.array([0.0, 1.0, np.nan]))
        >>> target.rows.tolist(), target.n_events, target.left_out
        ([0, 1], 1, {'unlabelled': 1})
        """
        labels = _aligned(index, y)
        known = ~pd.isna(labels["label"]).to_numpy()
        rows = np.flatnonzero(known)
        if "as_of" in index.names:  # so that the order of rows changes nothing, not even the last bit
            rows = rows[index[rows].argsort()]
        classes, codes = _two_classes(labels["label"].to_numpy()[rows], int((~known).sum()))
        target = codes.astype(np.float64)
        used = labels.iloc[rows]
        clusters = _accounts(index)[rows]
        dates = as_of_dates(index)[rows] if "as_of" in index.names else None
        events = _events(used, clusters, target)
        return cls(rows, target, classes, clusters, dates, events, _left_out(labels[~known]))

    def weights(self, half_life_days: float | None) -> Floats:
        """Return row weights with mean one; a row that many days older than the newest counts half."""
        if half_life_days is None or self.dates is None:
            return np.ones(len(self.y))
        age = np.asarray((self.dates.max() - self.dates).days, dtype=np.float64)
        weights = 0.5 ** (age / half_life_days)
        return np.asarray(weights / weights.mean(), dtype=np.float64)


def _aligned(index: pd.Index, y: Any) -> pd.DataFrame:
    if y is None:
        raise FrameError("requires y to be passed, but the target y is None")
    if isinstance(y, pd.DataFrame) and "label" not in y.columns and len(y.columns) != 1:
        raise FrameError(f"expected a label frame with a column label, found columns {[str(c) for c in y.columns]}")
    if isinstance(y, pd.DataFrame) and "label" not in y.columns:
        y = column_or_1d(y, warn=True)
    labels = y if isinstance(y, pd.DataFrame) else _as_frame(y)
    if "as_of" in index.names and "as_of" in labels.index.names:
        return labels.reindex(index)
    check_consistent_length(index, labels)
    return labels


def _as_frame(y: Any) -> pd.DataFrame:
    if isinstance(y, pd.Series):
        return y.to_frame("label")
    return pd.DataFrame({"label": column_or_1d(y, warn=True)})


def _two_classes(labels: npt.NDArray[Any], absent: int) -> tuple[npt.NDArray[Any], Rows]:
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise FrameError("Input y contains infinity or a value too large for dtype('float64').")
    if len(labels):
        check_classification_targets(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) > 2:
        raise FrameError(f"Only binary classification is supported: expected two classes, found {len(classes)}")
    if len(classes) < 2:
        only = f"one class, {classes[0]}" if len(classes) else "no class"
        raise NotEnoughData(
            f"expected labelled rows of both classes, found {only} "
            f"({len(labels):,} labelled rows, {absent:,} without label); "
            "start the snapshots earlier, lengthen the horizon, or wait until outcomes mature"
        )
    return classes, codes


def _accounts(index: pd.Index) -> Rows:
    if "account_id" not in index.names:
        return np.arange(len(index))
    return np.asarray(pd.factorize(index.get_level_values("account_id"))[0], dtype=np.intp)


def _events(used: pd.DataFrame, clusters: Rows, target: Floats) -> int:
    positive = target == 1
    if "effective_at" in used.columns and used["effective_at"][positive].notna().all():
        return len(
            pd.DataFrame(
                {"account": clusters[positive], "at": used["effective_at"].to_numpy()[positive]}
            ).drop_duplicates()
        )
    return len(np.unique(clusters[positive]))


def _left_out(absent: pd.DataFrame) -> dict[str, int]:
    states = (
        absent["state"].fillna("unlabelled")
        if "state" in absent.columns
        else pd.Series("unlabelled", index=absent.index)
    )
    return {str(state): int(n) for state, n in states.astype(str).value_counts().sort_index().items()}
