"""What every learner can do, and the simplest of them: the base rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from cs_ml.models.bins import binned
from cs_ml.models.encode import SnapshotEncoder, View

__all__ = ["BaseRate", "Learner", "Member", "TrainingRows", "log_odds"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass
class TrainingRows:
    """Labelled rows, encoded once and shared by all learners and folds.

    Parameters
    ----------
    X
        Feature frame without text columns.
    y
        Labels 0.0 and 1.0, shape (n_rows,).
    weights
        Row weights with mean one, shape (n_rows,).
    clusters
        Integer code of the account of each row, shape (n_rows,).
    pasts
        Positions of the training rows of each fold, the earliest first; none where there are no folds.
    """

    X: pd.DataFrame
    y: Floats
    weights: Floats
    clusters: Rows
    pasts: tuple[Rows, ...] = ()

    @cached_property
    def encoder(self) -> SnapshotEncoder:
        """Encoder learned from all rows."""
        return SnapshotEncoder().fit(self.X)

    @cached_property
    def tree(self) -> View:
        """Tree view of all rows; it learns nothing that could reach across folds but the names of levels."""
        return self.encoder.tree(self.X)

    @cached_property
    def binned(self) -> Any:
        """Tree view of all rows in bins with the edges of the earliest fold; a ``lightgbm.Dataset``."""
        return binned(self.tree.matrix, self.y, self.weights, self.pasts)

    def linear(self, train: Rows, test: Rows) -> tuple[View, View]:
        """Return the linear views of two sets of rows, learned from the first."""
        return next(self.views(train, test, ("linear",)))

    def views(self, train: Rows, test: Rows, reads: tuple[str, ...]) -> Iterator[tuple[View, View]]:
        """Yield one by one, ``linear`` or ``wide``, the views of two sets of rows, learned from the first."""
        past, future = self.X.iloc[train], self.X.iloc[test]
        encoder = SnapshotEncoder().fit(past)
        make = {"linear": encoder.linear, "wide": encoder.wide}
        for name in reads:
            yield make[name](past), make[name](future)


class Member(Protocol):
    """A model of log-odds that can explain itself."""

    @property
    def name(self) -> str:
        """Kind of learner."""

    @property
    def reads(self) -> str:
        """View it reads: ``linear``, ``wide`` or ``tree``."""

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:
        """Learn from a view and labels."""

    def margin(self, view: View) -> Floats:
        """Return log-odds, shape (n_rows,)."""

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return what each encoded column adds, shape (n_rows, n_encoded), and the bias; they sum to the margin."""

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""


class Learner(Member, Protocol):
    """A member that has a few settings, ordered from simple to complex.

    ``path`` tries all of them on one fold; ``with_setting`` returns the learner fixed to one of them.
    """

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Settings to choose from, simplest first."""

    def with_setting(self, setting: dict[str, Any]) -> Self:
        """Return an unfitted learner fixed to one setting."""

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return margins of the test rows for each setting, shape (n_test, n_settings)."""


class BaseRate:
    """The same log-odds for everybody: what there is to beat.

    Examples
    --------
    >>> view = View(np.zeros((4, 1)), ("x",))
    >>> model = BaseRate().fit(view, np.array([0.0, 0.0, 1.0, 1.0]))
    >>> model.margin(view)
    array([0., 0., 0., 0.])
    """

    name: ClassVar[str] = "base_rate"
    reads: ClassVar[str] = "tree"

    def __init__(self, log_odds: float = 0.0) -> None:
        self.log_odds = log_odds

    @property
    def settings(self) -> list[dict[str, Any]]:
        """One: there is nothing to choose."""
        return [{}]

    def with_setting(self, setting: dict[str, Any]) -> Self:  # noqa: ARG002  there is only one
        """Return an unfitted base rate."""
        return type(self)()

    def path(self, rows: TrainingRows, train: Rows, test: Rows) -> Floats:
        """Return the log-odds of the training rows for each test row, shape (n_test, 1)."""
        return np.full((len(test), 1), log_odds(rows.y[train], rows.weights[train]))

    def fit(self, view: View, y: Floats, weights: Floats | None = None) -> Self:  # noqa: ARG002  it reads no column
        """Learn the share of ones."""
        self.log_odds = log_odds(y, np.ones(len(y)) if weights is None else weights)
        return self

    def margin(self, view: View) -> Floats:
        """Return the same log-odds for each row."""
        return np.full(len(view.matrix), self.log_odds)

    def contributions(self, view: View) -> tuple[Floats, float]:
        """Return zeros and the log-odds: no column adds anything."""
        return np.zeros(view.matrix.shape), self.log_odds

    def to_state(self) -> dict[str, Any]:
        """Return the log-odds."""
        return {"log_odds": self.log_odds}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the base rate that ``to_state`` described."""
        return cls(state["log_odds"])


def log_odds(y: Floats, weights: Floats) -> float:
    """Return the log-odds of the weighted share of ones, with half a row of each kind added (Jeffreys' prior).

    Examples
    --------
    >>> log_odds(np.array([0.0, 1.0]), np.ones(2))
    0.0
    """
    ones = float(weights @ y)
    return float(logit((ones + 0.5) / (float(weights.sum()) + 1.0)))
