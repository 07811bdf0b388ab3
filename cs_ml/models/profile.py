"""How the features of a book are distributed, kept small enough to travel with a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.columns import bare, column_kind, numbers, select, words

__all__ = ["FeatureProfile", "psi"]

Floats = npt.NDArray[np.float64]
MODERATE, STRONG = 0.1, 0.25
LEVELS = 30  # categories with more levels are compared by their most common ones
COLUMNS = ["column", "psi", "noise", "usual", "level", "missing_before", "missing_after"]
DATES = 12  # training dates that say how much a feature usually moves


@dataclass(frozen=True)
class _Column:
    """Bins of one column: edges of a number, or levels of a category; one more bin for the rest, one for missing."""

    counts: list[float]
    edges: list[float] | None = None
    levels: list[str] | None = None
    usual: float = 0.0  # the largest index of a single date among the training rows

    def count(self, column: pd.Series) -> Floats:
        """Return the rows in each bin."""
        if self.edges is not None:
            values = numbers(column)
            code = np.searchsorted(np.array(self.edges), values, side="left")
            return _bins(np.where(np.isnan(values), len(self.edges) + 1, code), len(self.edges) + 2)
        known = words(column)
        places = {level: place for place, level in enumerate(self.levels or ())}
        rest = len(places)
        code = np.array([rest + 1 if value is None else places.get(value, rest) for value in known], dtype=np.intp)
        return _bins(code, rest + 2)


class FeatureProfile:
    """Shares of rows in bins of each feature, to see later whether a book still looks the same.

    A book that grows moves a little every month. So a feature counts as moved only where it stands further from all
    training rows than any of the last training dates did.

    Parameters
    ----------
    bins
        Bins of equal mass a number is cut into; missing values are a bin of their own.

    Attributes
    ----------
    columns_ : dict
        Bins by column; text that is not a category is left out: it may name people.

    Examples
    --------
    >>> old = pd.DataFrame({"logins": np.arange(100.0)})
    >>> FeatureProfile().fit(old).compare(old + 60.0)[["column", "level"]].to_numpy().tolist()
    [['logins', 'strong']]
    """

    def __init__(self, *, bins: int = 10) -> None:
        self.bins = bins
        self.columns_: dict[str, _Column] = {}

    def fit(self, X: pd.DataFrame) -> Self:
        """Count the rows of a feature frame.

        Parameters
        ----------
        X
            Features of the training rows.

        Returns
        -------
        FeatureProfile
            Itself.
        """
        self.columns_, rows, dates = {}, bare(X), _last_dates(X)
        for name in X.columns:
            if column_kind(rows[name]) == "number":
                learned = self._number(rows[name])
            elif isinstance(X[name].dtype, pd.CategoricalDtype):
                learned = _category(rows[name])
            else:
                continue
            moves = [_moved(learned, learned.count(rows[name].iloc[date])) for date in dates]
            self.columns_[str(name)] = replace(learned, usual=max(moves, default=0.0))
        return self

    def compare(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return how far each column has moved, strongest first.

        Parameters
        ----------
        X
            Features of other rows, such as those of a date to be scored.

        Returns
        -------
        pandas.DataFrame
            Columns column, psi, noise (what sampling alone would give on average), usual (the most that one of the
            last training dates moved), level (``stable``, ``moderate`` from 0.1, ``strong`` from 0.25, both only above
            three times the noise and one and a half times the usual), missing_before, missing_after.

        Raises
        ------
        FrameError
            If a column is missing.
        """
        later = select(X, list(self.columns_))
        rows = [_line(name, column, column.count(later[name])) for name, column in self.columns_.items()]
        table = pd.DataFrame(rows, columns=COLUMNS)
        return table.sort_values(["psi", "column"], ascending=[False, True], ignore_index=True)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {"bins": self.bins, "columns": {name: asdict(column) for name, column in self.columns_.items()}}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the profile that ``to_state`` described."""
        profile = cls(bins=state["bins"])
        profile.columns_ = {name: _Column(**column) for name, column in state["columns"].items()}
        return profile

    def _number(self, column: pd.Series) -> _Column:
        values = numbers(column)
        known = values[~np.isnan(values)]
        cuts = np.quantile(known, np.linspace(0, 1, self.bins + 1)[1:-1]) if len(known) else np.empty(0)
        made = _Column([], edges=np.unique(cuts).tolist())
        return _Column(made.count(column).tolist(), edges=made.edges)


def psi(before: Floats, after: Floats) -> float:
    """Return the population stability index of two sets of bin counts.

    ``sum (a - b) ln(a / b)`` over shares, half a row being added to each bin (Siddiqi 2006; the symmetric divergence of
    Jeffreys 1946).

    Parameters
    ----------
    before, after
        Rows in each bin.

    Returns
    -------
    float
        Zero where the shares are equal.

    Examples
    --------
    >>> psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    0.0
    """
    b, a = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (before, after))
    return float(((a - b) * np.log(a / b)).sum())


def _category(column: pd.Series) -> _Column:
    counts = column.astype(object).dropna().astype(str).value_counts()
    chosen = sorted(counts.sort_index().sort_values(ascending=False, kind="stable").index[:LEVELS])
    made = _Column([], levels=chosen)
    return _Column(made.count(column).tolist(), levels=chosen)


def _last_dates(X: pd.DataFrame) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each of the last dates."""
    if "as_of" not in X.index.names:
        return []
    codes, dates = pd.factorize(X.index.get_level_values("as_of"), sort=True)
    return [np.flatnonzero(codes == date) for date in range(max(len(dates) - DATES, 0), len(dates))]


def _moved(column: _Column, new: Floats) -> float:
    old = np.array(column.counts)
    seen = (old + new) > 0
    return psi(old[seen], new[seen])


def _line(name: str, column: _Column, new: Floats) -> tuple[Any, ...]:
    old, value = np.array(column.counts), _moved(column, new)
    noise = (np.count_nonzero(old + new) - 1) * (1 / max(old.sum(), 1) + 1 / max(new.sum(), 1))
    level = "strong" if value >= STRONG else "moderate" if value >= MODERATE else "stable"
    level = level if value > max(3 * noise, 1.5 * column.usual) else "stable"
    missing = (float(counts[-1] / max(counts.sum(), 1)) for counts in (old, new))
    return name, value, float(noise), column.usual, level, *missing


def _bins(code: npt.NDArray[Any], width: int) -> Floats:
    return np.bincount(code.astype(np.intp), minlength=width).astype(np.float64)
