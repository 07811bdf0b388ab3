"""The hazard model: one risk a month, from which every horizon, the expected stay and its value follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from cs_ml.errors import Fault, FrameError, NotEnoughData
from cs_ml.models.columns import select
from cs_ml.models.curve import HORIZONS, Curve, span
from cs_ml.models.halves import halves, n_leavers
from cs_ml.models.period_risk import PeriodRisk
from cs_ml.models.periods import Periods
from cs_ml.models.propensity import PropensityClassifier
from cs_ml.models.screen import columns_by_events, leaving_columns

__all__ = ["HazardModel"]

Floats = npt.NDArray[np.float64]
EVENTS_FOR_BOOSTING = 30
REFIT_ORIGINS = 2


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
        Logistic fits on random halves of the accounts, for intervals; none where zero.
    columns
        How many columns to learn from beside the terms: those that go most with leaving early, one by one, see
        :func:`cs_ml.models.screen.foremost_columns`. ``auto`` goes by the number of events; None keeps all.
    max_rows
        Rows to learn from at most; of longer histories, periods far from their snapshot are thinned out evenly.
    learners
        ``auto``: logistic and, from 30 events on, additive, whose risks of all periods cost little to foresee; or names
        as for :class:`PropensityClassifier`.
    n_origins, random_state, n_jobs
        As for :class:`PropensityClassifier`.

    Attributes
    ----------
    columns_ : list of str
        Columns it learned from.
    risk_ : PeriodRisk
        Risk of a period.
    refits_ : list of PeriodRisk
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
        columns: int | str | None = "auto",
        max_rows: int = 30_000,
        learners: str | tuple[str, ...] = "auto",
        n_origins: int = 3,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.periods = periods
        self.settling_days = settling_days
        self.refits = refits
        self.columns = columns
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
        n_events = n_leavers(X.index, y)
        self.columns_ = self._columns(X, y, n_events)
        followed, left = self.periods.follow(X[self.columns_], y, self.max_rows)
        learners = self._learners(n_events)
        self.risk_ = PeriodRisk.fit(self._classifier(learners, self.n_origins), followed, left)
        drawn = halves(X.index, self.refits, self.random_state)
        self.refits_ = [one for half in drawn if (one := self._refit(X[half], y[half])) is not None]
        return self

    def hazard(self, X: pd.DataFrame, n: int) -> Floats:
        """Return the risk of leaving in each of the next ``n`` periods, given that the account is still there.

        Returns
        -------
        numpy.ndarray
            float64, shape (rows, n).
        """
        check_is_fitted(self)
        return self.risk_.hazard(self.periods, select(X, self.columns_), n)

    def curves(self, X: pd.DataFrame, within_days: float) -> list[Curve]:
        """Return the curves of the rows within a time: those of the fit, and those of every refit."""
        check_is_fitted(self)
        n, kept = int(np.ceil(within_days / self.periods.days)), select(X, self.columns_)
        fits = (self.risk_, *self.refits_)
        return [Curve.of_hazard(one.hazard(self.periods, kept, n), self.periods.days) for one in fits]

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
        curve = Curve.of_hazard(self.hazard(X, n), self.periods.days)
        return pd.DataFrame({day: curve.stays(day) for day in days}, index=X.index)

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
        return self._measured(X, within_days, lambda curve: curve.expected_days(within_days))

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
        money = {"gross_margin": gross_margin, "discount_rate": discount_rate}
        each = self._measured(X, within_days, lambda curve: curve.worth(within_days, **money))
        return each.mul(np.asarray(mrr, dtype=np.float64), axis=0)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        check_is_fitted(self)
        params = {**self.get_params(deep=False), "periods": asdict(self.periods)}
        risks = [one.to_state() for one in (self.risk_, *self.refits_)]
        return {"params": params, "columns": self.columns_, "risks": risks}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the model that ``to_state`` described."""
        learners = state["params"]["learners"]
        learners = learners if isinstance(learners, str) else tuple(learners)
        model = cls(**{**state["params"], "periods": Periods(**state["params"]["periods"]), "learners": learners})
        model.columns_ = list(state["columns"])
        model.risk_, *model.refits_ = map(PeriodRisk.from_state, state["risks"])
        return model

    def _measured(self, X: pd.DataFrame, within_days: float, measure: Callable[[Curve], Floats]) -> pd.DataFrame:
        """Measure the curve of the fit, with the interval that its refits tell."""
        own, *refits = self.curves(X, within_days)
        value = measure(own)
        low, high = span(value, [measure(one) for one in refits], measure(Curve.flat(own)))
        return pd.DataFrame({"value": value, "low": low, "high": high}, index=X.index)

    def _columns(self, X: pd.DataFrame, y: pd.DataFrame, n_events: int) -> list[str]:
        if self.columns is None:
            return [str(name) for name in X]
        number = columns_by_events(n_events) if isinstance(self.columns, str) else self.columns
        chosen = leaving_columns(X, y, self.periods.n * self.periods.days, number, max_rows=self.max_rows)
        return [str(name) for name in X if name in {*chosen, self.periods.renewal, self.periods.term}]

    def _learners(self, n_events: int) -> str | tuple[str, ...]:
        if self.learners != "auto" or n_events < EVENTS_FOR_BOOSTING:
            return self.learners
        return ("logistic", "additive")

    def _classifier(self, learners: str | tuple[str, ...], n_origins: int) -> PropensityClassifier:
        return PropensityClassifier(
            learners=learners,
            purge_days=self.periods.days + self.settling_days,
            n_origins=n_origins,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        )

    def _refit(self, X: pd.DataFrame, y: pd.DataFrame) -> PeriodRisk | None:
        learners = self.learners if n_leavers(X.index, y) < EVENTS_FOR_BOOSTING else ("logistic",)
        try:
            followed = self.periods.follow(X[self.columns_], y, self.max_rows // 2)
            return PeriodRisk.fit(self._classifier(learners, REFIT_ORIGINS), *followed)
        except NotEnoughData:
            return None
