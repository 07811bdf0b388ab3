"""Regularised logistic regression: the learner that small, drifting books deserve."""

from __future__ import annotations

from functools import partial
from itertools import product, starmap
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from cs_ml.models.average import best_of_each
from cs_ml.models.encode import View
from cs_ml.models.learners import TrainingRows
from cs_ml.models.losses import simplest_within_error
from cs_ml.models.threads import one_thread

__all__ = ["PENALTIES", "VIEWS", "LogisticLearner"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse strengths, strongest penalty first
VIEWS = ("linear", "wide")
AHEAD = 2.0  # standard errors: beyond what was seen, a straight line is a guess


class LogisticLearner:
    """Logistic regression with an L2 penalty on columns that were imputed, clipped and scaled.

    Where few of many columns carry the signal, the few that go most with the label one by one may be kept alone
    (sure independence screening, Fan and Lv 2008).

    Columns are clipped at quantiles of the training rows, which keeps an odd account from bending the line, and is
    wrong where the whole book moves on. Which of the two it is shows out of time: wider bounds are taken where they
    lost less, by two standard errors clustered by account.

    Parameters
    ----------
    C
        Inverse strength of the penalty, as in scikit-learn.
    columns
        How many source columns to keep; None keeps all.
    grid
        Numbers of columns, and strengths from the strongest penalty on, to choose from over time folds.
    views
        Views to choose from: ``linear``, which clips close, or that and ``wide``.
    reads
        View that it reads: one of them.

    Examples
    --------
    >>> view = View(np.array([[-1.0], [-1.0], [1.0], [1.0]]), ("logins",))
    >>> model = LogisticLearner(C=1.0).fit(view, np.array([1.0, 1.0, 0.0, 1.0]))
    >>> parts, bias = model.contributions(view)
    >>> bool(np.allclose(parts.sum(axis=1) + bias, model.margin(view)))
    True
    """

    name: ClassVar[str] = "logistic"

    def __init__(
        self,
        *,
        C: float = 0.1,
        columns: int | None = None,
        grid: tuple[tuple[int, ...], tuple[float, ...]] = ((4, 12), PENALTIES),
        views: tuple[str, ...] = VIEWS[:1],
        reads: str = "linear",
    ) -> None:
        self.C = C
        self.columns = columns
        self.grid = grid
        self.views = views
        self.reads = reads
        self.coef_: Floats = np.empty(0)
        self.centre_: Floats = np.empty(0)
        self.intercept_ = 0.0

    @property
    def settings(self) -> list[dict[str, Any]]:
        """View by view, few columns before many, strong penalties before weak."""
        parts = product(self.views, (*self.grid[0], None), self.grid[1])
        return [{"columns": columns, "C": C, "reads": reads} for reads, columns, C in parts]

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner of one view, strength and number of columns."""
        return type(self)(**setting, grid=self.grid, views=self.views)

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, the encoder being learned from the training rows."""
        tried = partial(self._margins, y=rows.y[train], weights=rows.weights[train])
        views = rows.views(train, test, self.views)  # of which starmap holds one at a time
        return np.hstack(list(starmap(tried, views)))

    def _margins(self, past: View, future: View, y: Floats, weights: Floats) -> Floats:
        margins = []
        for columns in (*self.grid[0], None):
            kept = _kept(past, y, weights, columns)
            model = _regression(self.grid[1][0])
            for C in self.grid[1]:
                _run(model.set_params(C=C), past.matrix[:, kept], y, weights)
                margins.append(_margin(future.matrix[:, kept], model.coef_[0], model.intercept_[0]))
        return np.column_stack(margins)

    def choose(self, lost: Floats, clusters: Rows) -> Rows:
        """Return the best settings of one view: of the first unless another's lose less by two standard errors.

        Parameters
        ----------
        lost
            Loss of each row under each setting, shape (n_rows, n_settings).
        clusters
            Integer code of the account of each row.

        Returns
        -------
        numpy.ndarray of int
            Positions of settings.
        """
        settings, n = self.settings, len(self.settings) // len(self.views)
        starts = [n * at for at in range(len(self.views))]
        best = [s + best_of_each(settings[s : s + n], lost[:, s : s + n].mean(axis=0)) for s in starts]
        losses = np.column_stack([lost[:, some].mean(axis=1) for some in best])
        return best[simplest_within_error(losses, clusters, AHEAD)]

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:
        """Learn one coefficient a column; columns that are not kept have zero.

        Parameters
        ----------
        view
            View of the training rows.
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
        self.centre_ = view.matrix.mean(axis=0)
        self.intercept_ = float(model.intercept_[0])
        return self

    def margin(self, view: View) -> Floats:
        """Return log-odds, shape (n_rows,)."""
        return _margin(view.matrix, self.coef_, self.intercept_)

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return linear SHAP values and the bias.

        Coefficient times distance from the mean of the training rows is the difference to the average row (Lundberg and
        Lee 2017, corollary 1).
        """
        parts, average = view.matrix * self.coef_, self.centre_ * self.coef_
        parts -= average
        return parts, float(self.intercept_ + average.sum())

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {
            "C": self.C,
            "columns": self.columns,
            "grid": [list(part) for part in self.grid],
            "views": list(self.views),
            "reads": self.reads,
            "coef": self.coef_.tolist(),
            "centre": self.centre_.tolist(),
            "intercept": self.intercept_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the learner that ``to_state`` described."""
        columns, strengths = state["grid"]
        views = {"views": tuple(state.get("views", VIEWS[:1])), "reads": state.get("reads", VIEWS[0])}
        learner = cls(C=state["C"], columns=state["columns"], grid=(tuple(columns), tuple(strengths)), **views)
        learner.coef_ = np.array(state["coef"], dtype=np.float64)
        learner.centre_ = np.array(state.get("centre", np.zeros_like(learner.coef_)), dtype=np.float64)
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
