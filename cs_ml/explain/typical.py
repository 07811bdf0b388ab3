"""What is usual in a segment, to set a value beside it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError

__all__ = ["TypicalValues"]


class TypicalValues:
    """Median of a number, most common level of a category or flag, by segment.

    Parameters
    ----------
    segment
        Column of ``X`` that holds the segment. Where it is absent the whole book is one segment.
    min_rows
        A segment with fewer rows takes the values of the whole book.

    Attributes
    ----------
    overall_ : dict
        Typical value by feature over all training rows.
    segments_ : dict
        The same by segment.

    Examples
    --------
    >>> X = pd.DataFrame({"users": [1.0, 3.0, 9.0], "accounts_segment_current": pd.Categorical(["smb", "smb", "ent"])})
    >>> typical = TypicalValues(min_rows=1).fit(X)
    >>> typical.of("users", X).tolist()
    [2.0, 2.0, 9.0]
    """

    def __init__(self, *, segment: str = "accounts_segment_current", min_rows: int = 30) -> None:
        self.segment = segment
        self.min_rows = min_rows
        self.overall_: dict[str, Any] = {}
        self.segments_: dict[str, dict[str, Any]] = {}

    def fit(self, X: pd.DataFrame) -> Self:
        """Learn typical values from training rows.

        Parameters
        ----------
        X
            Feature frame; text columns are passed over.

        Returns
        -------
        TypicalValues
            Itself.

        Raises
        ------
        FrameError
            If there is no row.
        """
        if X.empty:
            raise FrameError(Fault("X", "at least one training row", "none"))
        columns = [str(name) for name in X if not _is_text(X[name])]
        self.overall_ = {name: _usual(X[name]) for name in columns}
        self.segments_ = {}
        if self.segment in X:
            for level, rows in X.groupby(self.segment, observed=True)[columns]:
                if len(rows) >= self.min_rows:
                    self.segments_[str(level)] = {name: _usual(rows[name]) for name in columns}
        return self

    def of(self, feature: str, X: pd.DataFrame) -> np.ndarray:
        """Return the typical value of a feature for the segment of every row.

        Parameters
        ----------
        feature
            Feature name; one never seen in training has no typical value.
        X
            Rows, with the segment column if segments were learned.

        Returns
        -------
        numpy.ndarray
            dtype object, shape (rows,); None where nothing is typical.
        """
        overall = self.overall_.get(feature)
        if self.segment not in X or not self.segments_:
            return _filled(overall, len(X))
        codes, levels = pd.factorize(X[self.segment])
        known = [self.segments_.get(str(level), self.overall_).get(feature) for level in levels]
        table = _filled(overall, len(known) + 1)
        table[: len(known)] = known
        return table[codes]

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {
            "segment": self.segment,
            "min_rows": self.min_rows,
            "overall": self.overall_,
            "segments": self.segments_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Rebuild from :meth:`to_state`."""
        typical = cls(segment=state["segment"], min_rows=state["min_rows"])
        typical.overall_ = dict(state["overall"])
        typical.segments_ = {level: dict(values) for level, values in state["segments"].items()}
        return typical


def _filled(value: Any, size: int) -> np.ndarray:
    """Return an object array of one value."""
    array = np.empty(size, dtype=object)
    array[:] = value
    return array


def _is_text(column: pd.Series) -> bool:
    """Tell free text from numbers, flags and categories."""
    return not (isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(column.dtype))


def _usual(column: pd.Series) -> Any:
    """Return the median of numbers, the most common of levels and flags, None where every value is missing."""
    known = column.dropna()
    if known.empty:
        return None
    if isinstance(column.dtype, pd.CategoricalDtype):
        counts = known.astype(str).value_counts()
        return str(min(counts.index[counts == counts.max()]))
    numbers = known.to_numpy(dtype=np.float64)
    if np.isin(numbers, (0.0, 1.0)).all():
        return float(numbers.mean() > 0.5)
    return float(np.median(numbers))
