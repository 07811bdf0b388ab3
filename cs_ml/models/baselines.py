"""What a model has to beat: the base rate, one-column rules, and a plain logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from cs_ml.models.columns import column_kind, numbers, select
from cs_ml.models.learners import log_odds
from cs_ml.models.target import Target
from cs_ml.models.threads import one_thread

__all__ = ["BaseRateRule", "OneRule", "PlainLogistic", "default_baselines"]

Floats = npt.NDArray[np.float64]
RULES = {
    "recency": ("usage_events_recency", "recency"),
    "activity": ("usage_events_count_30d", "usage_days_distinct_30d", "usage_logins_count_30d", "count_30d"),
    "days_to_renewal": ("contracts_term_days_to_end", "days_to_end"),
}


class BaseRateRule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """The training rows' base rate for everybody.

    Examples
    --------
    >>> X = pd.DataFrame({"logins": [0.0, 1.0]})
    >>> BaseRateRule().fit(X, np.array([0.0, 1.0])).predict_proba(X)[:, 1].tolist()
    [0.5, 0.5]
    """

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Learn the share of ones."""
        target = Target.read(X.index, y)
        self.classes_ = target.classes
        self.log_odds_ = log_odds(target.y, np.ones(len(target.y)))
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return the same probabilities for each row, shape (n_rows, 2)."""
        check_is_fitted(self)
        return _both(np.full(len(X), expit(self.log_odds_)))


class OneRule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Rank accounts by one column; direction and calibration are learned from the training rows.

    The column enters a logistic regression by its place among the training rows (0 lowest, 1 highest), with an own
    level where it is missing, so that the ranking is that of the column itself.

    Parameters
    ----------
    column
        Name of a number column.

    Examples
    --------
    >>> X = pd.DataFrame({"logins": np.arange(40.0)})
    >>> rule = OneRule("logins").fit(X, (X["logins"] < 20).astype(float))
    >>> rule.direction_
    -1
    """

    def __init__(self, column: str) -> None:
        self.column = column

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Learn direction and calibration."""
        target = Target.read(X.index, y)
        column = numbers(select(X, [self.column])[self.column])[target.rows]
        self.classes_ = target.classes
        self.grid_ = np.unique(column[~np.isnan(column)])
        place = self._place(column)
        self.model_ = LogisticRegression(C=1e3, max_iter=1000).fit(place, target.y)
        self.direction_ = 1 if self.model_.coef_[0, 0] >= 0 else -1
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return probabilities of both classes, shape (n_rows, 2)."""
        check_is_fitted(self)
        place = self._place(numbers(select(X, [self.column])[self.column]))
        return _both(expit(place @ self.model_.coef_[0] + self.model_.intercept_[0]))

    def _place(self, column: Floats) -> Floats:
        absent = np.isnan(column)
        known = np.where(absent, 0.0, column)
        place = np.interp(known, self.grid_, np.linspace(0, 1, len(self.grid_))) if len(self.grid_) else known
        return np.column_stack([np.where(absent, 0.5, place), absent.astype(np.float64)])


class PlainLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Scikit-learn's logistic regression at its defaults, on imputed and scaled columns, without any tuning.

    Free text is left out.

    Examples
    --------
    >>> X = pd.DataFrame({"logins": [1.0, 2.0, None, 4.0] * 5, "plan": pd.Categorical(["a", "b"] * 10)})
    >>> PlainLogistic().fit(X, np.tile([1.0, 1.0, 0.0, 0.0], 5)).predict_proba(X).shape
    (20, 2)
    """

    def fit(self, X: pd.DataFrame, y: Any) -> Self:
        """Learn one coefficient a column."""
        target = Target.read(X.index, y)
        self.classes_ = target.classes
        plain = [c for c in X.columns if column_kind(X[c]) == "number" and X[c].iloc[target.rows].notna().any()]
        levels = [c for c in X.columns if isinstance(X[c].dtype, pd.CategoricalDtype)]
        table = ColumnTransformer(
            [
                ("number", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), plain),
                ("category", OneHotEncoder(handle_unknown="ignore", sparse_output=False), levels),
            ]
        )
        self.columns_ = [*plain, *levels]
        self.model_ = make_pipeline(table, LogisticRegression(max_iter=5000))
        with one_thread():
            self.model_.fit(self._plain(X).iloc[target.rows], target.y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return probabilities of both classes, shape (n_rows, 2)."""
        check_is_fitted(self)
        with one_thread():
            return np.asarray(self.model_.predict_proba(self._plain(X)), dtype=np.float64)

    def _plain(self, X: pd.DataFrame) -> pd.DataFrame:
        chosen = select(X, self.columns_)
        levels = {
            str(name): column.astype(object).where(column.notna(), "missing").astype(str)
            for name, column in chosen.items()
            if column_kind(column) != "number"
        }
        return chosen.assign(**levels)


def default_baselines(columns: Sequence[str]) -> dict[str, Any]:
    """Return the unfitted baselines that a frame allows.

    Parameters
    ----------
    columns
        Names of the feature columns.

    Returns
    -------
    dict
        ``base_rate``; ``recency``, ``activity`` and ``days_to_renewal`` where such a column exists; ``plain_logistic``.

    Examples
    --------
    >>> list(default_baselines(["usage_events_recency", "nps_score_latest"]))
    ['base_rate', 'recency', 'plain_logistic']
    """
    found: dict[str, Any] = {"base_rate": BaseRateRule()}
    for name, wanted in RULES.items():
        column = _first(columns, wanted)
        if column is not None:
            found[name] = OneRule(column)
    return {**found, "plain_logistic": PlainLogistic()}


def _first(columns: Sequence[str], wanted: tuple[str, ...]) -> str | None:
    exact = [name for name in wanted if name in columns]
    return next(iter([*exact, *(c for c in columns if c.endswith(wanted[-1]))]), None)


def _both(p: Floats) -> Floats:
    return np.column_stack([1.0 - p, p])
