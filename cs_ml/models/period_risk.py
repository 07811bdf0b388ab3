"""The risk of every period at once: what a row is, and what a period is, add up in log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from cs_ml.models.columns import column_kind, numbers
from cs_ml.models.periods import EARLY, PERIOD, Periods
from cs_ml.models.propensity import PropensityClassifier

__all__ = ["PeriodRisk", "period_shifts"]

Floats = npt.NDArray[np.float64]
ADDITIVE = {"base_rate", "logistic", "additive"}  # learners without interactions
CALM = 5.0  # rows with the event that a period must outweigh before its own level is believed


@dataclass(frozen=True)
class PeriodRisk:
    """A classifier of rows of :meth:`Periods.follow`, and the level of the first periods, which few columns carry.

    Parameters
    ----------
    classifier
        Fitted classifier.
    shifts
        Log-odds added in each of the first periods, and in all later ones, see :func:`period_shifts`.
    """

    classifier: PropensityClassifier
    shifts: tuple[float, ...]

    @classmethod
    def fit(cls, classifier: PropensityClassifier, followed: pd.DataFrame, left: pd.DataFrame) -> Self:
        """Fit the classifier, and the level of the first periods around it."""
        if "as_of" in followed.index.names:  # so that the order of rows changes nothing, not even the last bit
            order = followed.index.argsort()
            followed, left = followed.iloc[order], left.iloc[order]
        fitted = classifier.fit(followed, left)
        y, p = left["label"].to_numpy(dtype=np.float64), fitted.predict_proba(followed)[:, 1]
        return cls(fitted, period_shifts(followed[PERIOD].to_numpy(dtype=np.intp), y, p))

    def hazard(self, periods: Periods, X: pd.DataFrame, n: int) -> Floats:
        """Return the risk of each row in each of its next periods.

        Learners without interactions add up what a row's features and what a period's covariates say. The second is
        the same for all rows whose terms end alike, so it is asked once for each kind of term instead of once for each
        row. Other learners are asked for every row and period.

        Parameters
        ----------
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
        used = {name for name, weight in self.classifier.learner_weights_.items() if weight > 0}
        if used <= ADDITIVE:
            margin = _added(self.classifier, periods, X, n)
        else:
            margin = np.column_stack([self.classifier.margin(periods.of(X, period)) for period in range(n)])
        return np.asarray(expit(margin + np.array(self.shifts)[np.minimum(np.arange(n), EARLY)]))

    def to_state(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        return {"classifier": self.classifier.to_state(), "shifts": list(self.shifts)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return what ``to_state`` described."""
        return cls(PropensityClassifier.from_state(state["classifier"]), tuple(state["shifts"]))


def period_shifts(period: npt.NDArray[np.intp], y: Floats, p: Floats) -> tuple[float, ...]:
    """Return by how much the level of each of the first periods, and of all later ones, lies off a classifier's.

    The logarithm of events observed over events expected, relative to all periods together, each with five events added
    to either side, so that few events move little.

    Parameters
    ----------
    period
        Number of the period of each row.
    y, p
        Whether the row left in it, and the probability of that.

    Examples
    --------
    >>> y = np.repeat([1.0, 0.0, 1.0, 0.0], [10, 990, 20, 980])
    >>> [round(shift, 2) for shift in period_shifts(np.repeat([0, 1], 1000), y, np.full(2000, 0.015))]
    [-0.29, 0.22, 0.0, 0.0]
    """
    group = np.minimum(period, EARLY)
    seen, meant = (np.bincount(group, weights=values, minlength=EARLY + 1) for values in (y, p))
    level = np.log((seen.sum() + CALM) / (meant.sum() + CALM))
    return tuple(
        float(shift) for shift in np.where(seen + meant > 0, np.log((seen + CALM) / (meant + CALM)) - level, 0.0)
    )


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
