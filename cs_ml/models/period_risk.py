"""The risk of every period at once: what a row is, and what a period is, add up in log-odds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from cs_ml.models.columns import column_kind, numbers
from cs_ml.models.periods import Periods
from cs_ml.models.propensity import PropensityClassifier

__all__ = ["period_risk"]

Floats = npt.NDArray[np.float64]
ADDITIVE = {"base_rate", "logistic", "additive"}  # learners without interactions


def period_risk(classifier: PropensityClassifier, periods: Periods, X: pd.DataFrame, n: int) -> Floats:
    """Return the risk of each row in each of its next periods.

    Learners without interactions add up what a row's features and what a period's covariates say. The second is the
    same for all rows whose terms end alike, so it is asked once for each kind of term instead of once for each row.
    Other learners are asked for every row and period.

    Parameters
    ----------
    classifier
        Fitted on rows of :meth:`Periods.follow`.
    periods
        Their shape.
    X
        Features, in any order of rows: a row's risk depends on itself alone.
    n
        Periods wanted.

    Returns
    -------
    numpy.ndarray
        Shape (n_rows, n).
    """
    if not n or not len(X):
        return np.empty((len(X), n))
    used = {name for name, weight in classifier.learner_weights_.items() if weight > 0}
    if used <= ADDITIVE:
        return np.asarray(expit(_added(classifier, periods, X, n)))
    return np.column_stack([classifier.predict_proba(periods.of(X, period))[:, 1] for period in range(n)])


def _added(classifier: PropensityClassifier, periods: Periods, X: pd.DataFrame, n: int) -> Floats:
    """Return log-odds: a row in an unknown period, and each period of a row of which nothing else is known."""
    terms, kind = _terms(periods, X)
    asked = pd.concat([periods.covariates(terms, period) for period in range(n)], ignore_index=True)
    blank = dict.fromkeys(map(str, asked), np.nan)
    alone = classifier.margin(X.assign(**blank))
    zero = classifier.margin(_unknown(X, 1).assign(**blank))
    told = classifier.margin(_unknown(X, len(asked)).assign(**{str(name): asked[name] for name in asked})) - zero
    return np.asarray(alone[:, None] + told.reshape(n, len(terms)).T[kind])


def _terms(periods: Periods, X: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """Return the kinds of terms there are, and which of them each row has."""
    names = [name for name in (periods.renewal, periods.term) if name in X]
    if len(names) < 2:
        return pd.DataFrame(index=pd.RangeIndex(1)), np.zeros(len(X), dtype=np.intp)
    values = pd.DataFrame({name: numbers(X[name]) for name in names})
    kind = values.groupby(names, dropna=False, sort=True).ngroup().to_numpy()
    kinds = values.groupby(kind, sort=True).head(1)
    return kinds.iloc[np.argsort(kind[kinds.index], kind="stable")].reset_index(drop=True), np.asarray(kind)


def _unknown(X: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return rows of which nothing is known; the same ones whatever rows are asked for."""
    empty: dict[str, object] = {
        str(name): np.full(n, np.nan) if column_kind(X[name]) == "number" else np.full(n, None, dtype=object)
        for name in X
    }
    return pd.DataFrame(empty)
