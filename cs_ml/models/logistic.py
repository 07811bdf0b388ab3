"""Regularised logistic regression: the learner that small, drifting books deserve."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from cs_ml.models.encode import View
from cs_ml.models.learners import TrainingRows
from cs_ml.models.threads import one_thread

__all__ = ["PENALTIES", "LogisticLearner"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse strengths, strongest penalty first


class LogisticLearner:
    """Logistic regression with an L2 penalty on columns that were imputed, clipped and scaled.

    Where few of many columns carry the signal, the few that go most with the label one by one may be kept alone
    (sure independence screening, Fan and Lv 2008).

    Parameters
    ----------
    C
        Inverse strength of the penalty, as in scikit-learn.
    columns
        How many source columns to keep; None keeps all.
    grid
        Numbers of columns, and strengths from the strongest penalty on, to choose from over time folds.

    Examples
    --------
    >>> view = View(np.array([[-1.0], [-1.0], [1.0], [1.0]]), ("logins",))
    >>> model = LogisticLearner(C=1.0).fit(view, np.array([1.0, 1.0, 0.0, 1.0]))
    >>> parts, bias = model.contributions(view)
    >>> bool(np.allclose(parts.sum(axis=1) + bias, model.margin(view)))
    True
    """

    name: ClassVar[str] = "logistic"
    reads: ClassVar[str] = "linear"

    def __init__(
        self,
        *,
        C: float = 0.1,
        columns: int | None = None,
        grid: tuple[tuple[int, ...], tuple[float, ...]] = ((4, 12), PENALTIES),
    ) -> None:
        self.C = C
        self.columns = columns
        self.grid = grid
        self.coef_: Floats = np.empty(0)
        self.intercept_ = 0.0

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Few columns before many, strong penalties before weak."""
        return [{"columns": columns, "C": C} for columns in (*self.grid[0], None) for C in self.grid[1]]

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner of one strength and number of columns."""
        return type(self)(**setting, grid=self.grid)

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, the encoder being learned from the training rows."""
        past, future = rows.linear(train, test)
        margins = []
        for columns in (*self.grid[0], None):
            kept = _kept(past, rows.y[train], rows.weights[train], columns)
            model = _regression(self.grid[1][0])
            for C in self.grid[1]:
                _run(model.set_params(C=C), past.matrix[:, kept], rows.y[train], rows.weights[train])
                margins.append(_margin(future.matrix[:, kept], model.coef_[0], model.intercept_[0]))
        return np.column_stack(margins)

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:
        """Learn one coefficient a column; columns that are not kept have zero.

        Parameters
        ----------
        view
            Linear view of the training rows.
        y
            Labels 0.0 and 1.0, shape (n_rows,).
        weights
            Row weights with mean one.

        Returns
        -------
        LogisticLearner
            Itself.
        """
        kept = _kept(view, y, np.ones(len(y)) if weights is None else weights, self.columns)
        model = _run(_regression(self.C), view.matrix[:, kept], y, weights)
        self.coef_ = np.zeros(view.matrix.shape[1])
        self.coef_[kept] = model.coef_[0]
        self.intercept_ = float(model.intercept_[0])
        return self

    def margin(self, view: View) -> Floats:
        """Return log-odds, shape (n_rows,)."""
        return _margin(view.matrix, self.coef_, self.intercept_)

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return linear SHAP values and the bias.

        Columns are centred on the training rows, so coefficient times value is the difference to the average row
        (Lundberg and Lee 2017, corollary 1).
        """
        return view.matrix * self.coef_, self.intercept_

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {
            "C": self.C,
            "columns": self.columns,
            "grid": [list(part) for part in self.grid],
            "coef": self.coef_.tolist(),
            "intercept": self.intercept_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the learner that ``to_state`` described."""
        columns, strengths = state["grid"]
        learner = cls(C=state["C"], columns=state["columns"], grid=(tuple(columns), tuple(strengths)))
        learner.coef_ = np.array(state["coef"], dtype=np.float64)
        learner.intercept_ = float(state["intercept"])
        return learner


def _kept(view: View, y: Floats, weights: Floats, columns: int | None) -> Rows:
    """Return the encoded columns of the sources that go most with the label, each by its best encoded column."""
    sources = np.array(view.sources)
    if columns is None or columns >= len(set(view.sources)):
        return np.arange(len(sources))
    together = np.abs(np.einsum("ij,i->j", view.matrix, weights * (y - np.average(y, weights=weights))))
    best = pd.Series(together / (view.matrix.std(axis=0) + 1e-12)).groupby(sources, sort=False).max()
    chosen = best.sort_values(ascending=False, kind="stable").index[:columns]
    return np.flatnonzero(np.isin(sources, chosen))


def _regression(C: float) -> LogisticRegression:
    return LogisticRegression(C=C, solver="newton-cholesky", max_iter=100, tol=1e-6, warm_start=True)


def _run(model: LogisticRegression, values: Floats, y: Floats, weights: Floats | None) -> LogisticRegression:
    with one_thread():
        return model.fit(values, y, sample_weight=weights)


def _margin(values: Floats, coef: Floats, intercept: float) -> Floats:
    return np.asarray(np.einsum("ij,j->i", values, coef) + intercept, dtype=np.float64)
