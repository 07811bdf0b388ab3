"""From snapshot rows to the two matrices that learners read, with a way back to the source columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from cs_ml.models.columns import bare, column_kind, numbers, open_frame
from cs_ml.models.scale import ColumnScale

__all__ = ["SnapshotEncoder", "View", "sum_by_source"]

Floats = npt.NDArray[np.float64]
REACH = 1.0  # ranges of the training rows; half and twice as much served alike


@dataclass(frozen=True)
class View:
    """One matrix that a learner reads.

    Parameters
    ----------
    matrix
        Array of shape (n_rows, n_encoded), float64.
    sources
        For each encoded column, the feature it comes from.
    """

    matrix: Floats
    sources: tuple[str, ...]

    def take(self, rows: npt.NDArray[np.intp]) -> View:
        """Return the view of some rows."""
        return View(self.matrix[rows], self.sources)


def sum_by_source(parts: Floats, sources: tuple[str, ...], features: list[str]) -> Floats:
    """Add encoded columns up to one column per source feature.

    Parameters
    ----------
    parts
        Contributions of encoded columns, shape (n_rows, n_encoded).
    sources
        Feature of each encoded column.
    features
        Features wanted, in order.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows, len(features)).

    Examples
    --------
    >>> sum_by_source(np.array([[1.0, 2.0, 4.0]]), ("a", "a", "b"), ["b", "a"])
    array([[4., 3.]])
    """
    place = {name: i for i, name in enumerate(features)}
    out = np.zeros((len(parts), len(features)))
    for column, source in enumerate(sources):
        out[:, place[source]] += parts[:, column]
    return out


class SnapshotEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Learn from training rows how numbers and categories become matrices.

    The *tree* view keeps missing values and codes levels from the most frequent to the rarest: a tree then asks how
    common a level is, which few rows can answer; which of many levels belong together they cannot. The *linear* view
    is winsorised, imputed with the median beside an indicator of missingness, centred and scaled; categories become
    one column a level. The *wide* view is the same with bounds one range further out: where a whole book moves beyond
    what it was, as days since the last purchase do while a book ages, quantiles of the past would make its rows equal.

    Parameters
    ----------
    min_level_rows
        A category level with fewer training rows counts as rare; levels never seen are treated as rare too.
    clip
        Quantiles beyond which numbers are winsorised in the linear view.

    Attributes
    ----------
    features_ : list of str
        Source features in the order of the fit.
    linear_sources_, tree_sources_ : tuple of str
        The feature behind each encoded column.

    Examples
    --------
    >>> X = pd.DataFrame({"logins": [1.0, 3.0, None], "plan": ["basic", "basic", "pro"]})
    >>> encoder = SnapshotEncoder(min_level_rows=1).fit(X)
    >>> encoder.tree(X).matrix
    array([[ 1.,  0.],
           [ 3.,  0.],
           [nan,  1.]])
    >>> encoder.linear_sources_
    ('logins', 'logins', 'plan', 'plan')
    """

    def __init__(self, *, min_level_rows: int = 10, clip: tuple[float, float] = (0.01, 0.99)) -> None:
        self.min_level_rows = min_level_rows
        self.clip = clip

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  scikit-learn's signature
        """Learn levels, medians, quantiles and scales from training rows.

        Parameters
        ----------
        X
            Feature frame, or numeric array of shape (n_rows, n_features).
        y
            Ignored.

        Returns
        -------
        SnapshotEncoder
            Itself.

        Raises
        ------
        FrameError
            If a column holds neither numbers, categories nor text, or infinite numbers.
        """
        frame = bare(open_frame(self, X, reset=True))
        self.features_ = [str(name) for name in frame.columns]
        self.levels_ = {name: self._levels(frame[name]) for name in frame if column_kind(frame[name]) == "category"}
        codes = self._codes(frame)
        self.scales_ = [
            ColumnScale.learn(codes[:, i], levels=self._n_levels(name), clip=self.clip, min_rows=self.min_level_rows)
            for i, name in enumerate(self.features_)
        ]
        return self

    def transform(self, X: Any) -> Floats:
        """Return the linear view as an array of shape (n_rows, n_encoded)."""
        return self.linear(X).matrix

    def linear(self, X: Any) -> View:
        """Return the linear view: finite, centred, scaled."""
        return self._scaled(X, 0.0)

    def wide(self, X: Any) -> View:
        """Return the wide view: the linear one with bounds one range further out, not quite centred."""
        return self._scaled(X, REACH)

    def tree(self, X: Any) -> View:
        """Return the tree view: numbers and codes of levels as they are, missing as NaN."""
        check_is_fitted(self)
        codes = self._codes(open_frame(self, X, reset=False))
        return View(codes, self.tree_sources_)

    @property
    def linear_sources_(self) -> tuple[str, ...]:
        """Feature behind each column of the linear view."""
        return tuple(f for f, scale in zip(self.features_, self.scales_, strict=True) for _ in range(scale.width))

    @property
    def tree_sources_(self) -> tuple[str, ...]:
        """Feature behind each column of the tree view."""
        return tuple(self.features_)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002  scikit-learn's signature
        """Return a name for each column of the linear view, such as ``plan=basic`` or ``logins is missing``."""
        check_is_fitted(self)
        names = [
            name
            for feature, scale in zip(self.features_, self.scales_, strict=True)
            for name in scale.names(feature, self.levels_.get(feature, []))
        ]
        return np.array(names, dtype=object)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        check_is_fitted(self)
        return {
            "min_level_rows": self.min_level_rows,
            "clip": list(self.clip),
            "features": self.features_,
            "named": hasattr(self, "feature_names_in_"),
            "levels": self.levels_,
            "scales": [scale.to_state() for scale in self.scales_],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the encoder that ``to_state`` described."""
        encoder = cls(min_level_rows=state["min_level_rows"], clip=tuple(state["clip"]))
        encoder.features_ = list(state["features"])
        encoder.n_features_in_ = len(encoder.features_)
        if state["named"]:
            encoder.feature_names_in_ = np.array(encoder.features_, dtype=object)
        encoder.levels_ = {name: list(levels) for name, levels in state["levels"].items()}
        encoder.scales_ = [ColumnScale.from_state(scale) for scale in state["scales"]]
        return encoder

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _scaled(self, X: Any, reach: float) -> View:
        check_is_fitted(self)
        codes = self._codes(open_frame(self, X, reset=False))
        sources = self.linear_sources_
        matrix, done = np.empty((len(codes), len(sources))), 0
        for i, scale in enumerate(self.scales_):
            matrix[:, done : done + scale.width] = scale.apply(codes[:, i], reach=reach)
            done += scale.width
        return View(matrix, sources)

    def _levels(self, column: pd.Series) -> list[str]:
        codes, found = pd.factorize(column)
        counts = np.bincount(codes[codes >= 0], minlength=len(found))
        often = [(-n, str(level)) for level, n in zip(found, counts, strict=True) if n >= self.min_level_rows]
        return [level for _, level in sorted(often)]

    def _n_levels(self, name: str) -> int | None:
        return len(self.levels_[name]) + 1 if name in self.levels_ else None

    def _codes(self, frame: pd.DataFrame) -> Floats:
        codes, plain = np.empty(frame.shape), np.flatnonzero(frame.dtypes == np.float64)
        codes[:, plain] = frame.iloc[:, plain].to_numpy()
        others = bare(frame)
        for at in np.setdiff1d(np.arange(frame.shape[1]), plain).tolist():
            codes[:, at] = self._code(str(frame.columns[at]), others.iloc[:, at])
        return codes

    def _code(self, name: str, column: pd.Series) -> Floats:
        if name not in self.levels_:
            return numbers(column)
        place = {level: float(i) for i, level in enumerate(self.levels_[name])}
        codes, found = pd.factorize(column)
        known = [place.get(str(level), float(len(place))) for level in found]
        return np.array([*known, np.nan])[codes]
