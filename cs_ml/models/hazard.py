"""The hazard model: one risk a month, from which every horizon, the expected stay and its value follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from cs_ml.errors import Fault, FrameError, NotEnoughData
from cs_ml.models.periods import DAYS_A_MONTH, Periods
from cs_ml.models.propensity import PropensityClassifier

__all__ = ["HazardModel"]

Floats = npt.NDArray[np.float64]
HORIZONS = (30, 90, 180, 365)


class HazardModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Risk of leaving in each period after a snapshot, for accounts that stayed until then.

    A discrete-time hazard (Cox 1972; Singer and Willett 1993): every snapshot is followed through its periods, each
    period one row, until the account leaves or is last seen. Renewal dates are known beforehand and enter as
    covariates of their period. Whoever leaves within 30 days also leaves within 90, so probabilities of longer horizons
    are never smaller, and accounts that are still there add what they tell.

    Parameters
    ----------
    periods
        Shape of the periods.
    settling_days
        Days until the outcome of a period is certain: grace period and late bookings.
    refits
        Fits on random halves of the accounts, for intervals; none where zero.
    max_rows
        Rows to learn from at most; of longer histories, periods far from their snapshot are thinned out evenly.
    learners, n_origins, random_state, n_jobs
        As for :class:`PropensityClassifier`.

    Attributes
    ----------
    classifier_ : PropensityClassifier
        Risk of a period.
    refits_ : list of PropensityClassifier
        The same from random halves of the accounts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"logins": rng.poisson(5, 400).astype(float)})
    >>> days = rng.exponential(100 * X["logins"] + 20)
    >>> seen = pd.DataFrame({"duration_days": np.minimum(days, 300), "event": days < 300, "watched_days": 300})
    >>> model = HazardModel(learners=("logistic",)).fit(X, seen)
    >>> risk = model.probability(X, [30, 90, 365])
    >>> bool((risk[90] >= risk[30]).all() and (risk[365] >= risk[90]).all())
    True
    """

    def __init__(
        self,
        periods: Periods = Periods(),  # noqa: B008  frozen
        *,
        settling_days: int = 30,
        refits: int = 0,
        max_rows: int = 100_000,
        learners: str | tuple[str, ...] = "auto",
        n_origins: int = 6,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.periods = periods
        self.settling_days = settling_days
        self.refits = refits
        self.max_rows = max_rows
        self.learners = learners
        self.n_origins = n_origins
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: pd.DataFrame, y: pd.DataFrame) -> Self:
        """Learn the risk of each period.

        Parameters
        ----------
        X
            Features, indexed by (account_id, as_of) where there is time.
        y
            ``duration_days``, ``event`` and ``watched_days`` of the same rows, see
            :class:`cs_ml.labels.StayLabeler`; rows without duration are left out.

        Returns
        -------
        HazardModel
            Itself.

        Raises
        ------
        NotEnoughData
            If nobody left, or nobody stayed through a period.
        FrameError
            If a column is missing.
        """
        missing = [name for name in ("duration_days", "event", "watched_days") if name not in y]
        if missing:
            raise FrameError(Fault(name, "a column of this name in y", "none") for name in missing)
        followed, left = self.periods.follow(X, y, self.max_rows)
        self.classifier_ = self._classifier().fit(followed, left)
        self.refits_ = [one for half in self._halves(X.index) if (one := self._refit(X[half], y[half])) is not None]
        return self

    def hazard(self, X: pd.DataFrame, n: int) -> Floats:
        """Return the risk of leaving in each of the next ``n`` periods, given that the account is still there.

        Returns
        -------
        numpy.ndarray
            float64, shape (rows, n).
        """
        check_is_fitted(self)
        return self._hazard(self.classifier_, X, n)

    def survival(self, X: pd.DataFrame, days: Sequence[float]) -> pd.DataFrame:
        """Return the probability of staying at least so many days; within a period the risk is even.

        Parameters
        ----------
        X
            Features.
        days
            Days from ``as_of`` on, each at least zero.

        Returns
        -------
        pandas.DataFrame
            One column a number of days, shape (rows, len(days)).

        Raises
        ------
        FrameError
            If a number of days is negative.
        """
        if min(days, default=0) < 0:
            raise FrameError(Fault("days", "zero and more", str(min(days))))
        n = int(np.ceil(max(days, default=0) / self.periods.days))
        log_s = _log_survival(self.hazard(X, n))
        at = np.asarray(days, dtype=np.float64) / self.periods.days
        columns = [np.exp(_between(log_s, place)) for place in at]
        return pd.DataFrame(dict(zip(days, columns, strict=True)), index=X.index)

    def probability(self, X: pd.DataFrame, horizons: Sequence[int] = HORIZONS) -> pd.DataFrame:
        """Return the probability of leaving within each horizon, in days; longer ones are never smaller."""
        return 1.0 - self.survival(X, horizons)

    def expected_stay(self, X: pd.DataFrame, *, within_days: int = 1825) -> pd.DataFrame:
        """Return the days an account is expected to stay within a time (restricted mean survival time).

        Parameters
        ----------
        X
            Features.
        within_days
            Time looked at: what lies beyond is not foreseen.

        Returns
        -------
        pandas.DataFrame
            ``value``, and ``low`` and ``high``, 90 % intervals from the refits, missing without them.
        """
        return self._interval(X, within_days, lambda stayed: stayed.sum(axis=1) * self.periods.days)

    def lifetime_value(
        self,
        X: pd.DataFrame,
        mrr: pd.Series,
        *,
        gross_margin: float = 1.0,
        discount_rate: float = 0.0,
        within_days: int = 1825,
    ) -> pd.DataFrame:
        """Return the revenue that is still to come from each account, if it keeps paying what it pays.

        Parameters
        ----------
        X
            Features.
        mrr
            Monthly revenue of each row.
        gross_margin
            Share of the revenue that is kept.
        discount_rate
            Yearly rate by which later money counts less.
        within_days
            Time looked at.

        Returns
        -------
        pandas.DataFrame
            ``value``, and ``low`` and ``high`` as for :meth:`expected_stay`.
        """
        months = self.periods.days / DAYS_A_MONTH
        paid = np.asarray(mrr, dtype=np.float64) * gross_margin * months

        def value(stayed: Floats) -> Floats:
            years = (np.arange(stayed.shape[1]) + 0.5) * self.periods.days / 365.25
            return np.asarray(paid * (stayed * (1 + discount_rate) ** -years).sum(axis=1))

        return self._interval(X, within_days, value)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        check_is_fitted(self)
        params = {**self.get_params(deep=False), "periods": asdict(self.periods)}
        classifiers = [one.to_state() for one in (self.classifier_, *self.refits_)]
        return {"params": params, "classifiers": classifiers}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the model that ``to_state`` described."""
        learners = state["params"]["learners"]
        learners = learners if isinstance(learners, str) else tuple(learners)
        model = cls(**{**state["params"], "periods": Periods(**state["params"]["periods"]), "learners": learners})
        model.classifier_, *model.refits_ = map(PropensityClassifier.from_state, state["classifiers"])
        return model

    def _interval(self, X: pd.DataFrame, within_days: int, measure: Callable[[Floats], Floats]) -> pd.DataFrame:
        """Measure the share of each period that is stayed, for the fit and for every refit."""
        check_is_fitted(self)
        n = -(-within_days // self.periods.days)
        shares = np.clip(within_days / self.periods.days - np.arange(n), 0, 1)
        values = []
        for classifier in (self.classifier_, *self.refits_):
            log_s = _log_survival(self._hazard(classifier, X, n))
            values.append(measure((np.exp(log_s[:, :-1]) + np.exp(log_s[:, 1:])) / 2 * shares))
        spread = np.std(values[1:], axis=0, ddof=1) if len(values) > 2 else np.full(len(X), np.nan)
        reach = float(student.ppf(0.95, max(len(values) - 2, 1))) * spread
        low, high = np.maximum(values[0] - reach, 0.0), values[0] + reach
        return pd.DataFrame({"value": values[0], "low": low, "high": high}, index=X.index)

    def _hazard(self, classifier: PropensityClassifier, X: pd.DataFrame, n: int) -> Floats:
        columns = [classifier.predict_proba(self.periods.of(X, period))[:, 1] for period in range(n)]
        return np.column_stack(columns) if columns else np.empty((len(X), 0))

    def _classifier(self) -> PropensityClassifier:
        return PropensityClassifier(
            learners=self.learners,
            purge_days=self.periods.days + self.settling_days,
            n_origins=self.n_origins,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        )

    def _halves(self, index: pd.Index) -> list[npt.NDArray[np.bool_]]:
        """Return random halves of the accounts; fits on them spread as far as the whole errs (half-sampling)."""
        named = index.get_level_values("account_id") if "account_id" in index.names else np.arange(len(index))
        codes, accounts = pd.factorize(named)
        rng = np.random.default_rng(self.random_state)
        chosen = [rng.permutation(len(accounts))[: len(accounts) // 2] for _ in range(self.refits)]
        return [np.isin(codes, some) for some in chosen]

    def _refit(self, X: pd.DataFrame, y: pd.DataFrame) -> PropensityClassifier | None:
        try:
            followed = self.periods.follow(X, y, self.max_rows)
            return self._classifier().set_params(n_origins=2).fit(*followed)  # type: ignore[no-any-return]
        except NotEnoughData:
            return None


def _log_survival(hazard: Floats) -> Floats:
    """Return log-probabilities of still being there at the begin and end of every period, shape (rows, n + 1)."""
    return np.concatenate([np.zeros((len(hazard), 1)), np.cumsum(np.log1p(-hazard), axis=1)], axis=1)


def _between(log_s: Floats, place: float) -> Floats:
    """Return log-survival at a place that may lie within a period."""
    low = min(int(place), log_s.shape[1] - 1)
    high = min(low + 1, log_s.shape[1] - 1)
    return np.asarray(log_s[:, low] + (place - low) * (log_s[:, high] - log_s[:, low]))
