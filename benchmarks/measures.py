"""Distances from the truth, with intervals that draw whole accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.models.bootstrap import account_codes, interval, replicate
from cs_ml.models.metrics import roc_auc
from cs_ml.models.ranked import as_matrix

REPLICATES = 300
BINS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval (95 %)."""

    value: float
    low: float
    high: float
    places: int = 3

    def __str__(self) -> str:
        value, low, high = (f"{number:.{self.places}f}" for number in (self.value, self.low, self.high))
        return f"{value} ({low} to {high})"


@dataclass(frozen=True)
class Held:
    """Rows that were predicted: what happened, how likely it truly was, and whose rows they are."""

    y: np.ndarray
    p_true: np.ndarray
    accounts: pd.Index

    @cached_property
    def codes(self) -> np.ndarray:
        """Number of the account of each row."""
        return account_codes(self.accounts, len(self.y))

    def expected_loss(self, p: np.ndarray, weights: np.ndarray | None = None) -> Any:
        """Return the log loss that would be seen on average if these rows were lived through again and again."""
        p = np.clip(p, 1e-15, 1 - 1e-15)
        return mean(-(self.p_true * np.log(p) + (1 - self.p_true) * np.log1p(-p)), weights)


@dataclass(frozen=True)
class Calibration:
    """Mean distance of predicted and true probability over tenths of the book, and of their means over the whole.

    ``noise`` is the distance that the draw of accounts alone would show if every tenth were met exactly; the same
    for outcomes (``observed``), which is all that a book without known truth could see.
    """

    error: Estimate
    noise: float
    large: Estimate
    observed: float
    observed_noise: float

    def lines(self) -> list[str]:
        """Return what to print."""
        return [
            f"  calibration error against the truth {self.error}, sampling noise alone {self.noise:.3f}",
            f"  calibration error against outcomes {self.observed:.3f}, sampling noise alone {self.observed_noise:.3f}",
            f"  calibration in the large, predicted minus true {self.large}",
        ]


def mean(values: np.ndarray, weights: np.ndarray | None) -> Any:
    """Return the weighted mean, one a replicate."""
    matrix = as_matrix(weights, len(values))
    found = matrix @ values / matrix.sum(axis=1)
    return float(found[0]) if weights is None else found


def with_interval(
    held: Held, measured: Callable[[np.ndarray | None], Any], *, noise: int = 0, places: int = 3
) -> Estimate:
    """Return a metric with its interval."""
    value = float(measured(None))
    drawn = replicate(lambda weights: {"it": measured(weights)}, held.codes, n_boot=REPLICATES)["it"]
    return Estimate(value, *interval(drawn, value, noise=noise), places=places)


def share_of_best(held: Held, p: np.ndarray) -> Estimate:
    """Return how much of the AUC above 0.5 that the true probability reaches is reached."""

    def measured(weights: np.ndarray | None) -> Any:
        return (roc_auc(held.y, p, weights) - 0.5) / (roc_auc(held.y, held.p_true, weights) - 0.5)

    return with_interval(held, measured, places=2)


def expected_loss_difference(held: Held, p: np.ndarray, other: np.ndarray) -> Estimate:
    """Return how much more log loss one expects from ``p`` than from ``other``, given the truth."""
    return with_interval(held, lambda w: held.expected_loss(p, w) - held.expected_loss(other, w), places=4)


def calibration(held: Held, p: np.ndarray) -> Calibration:
    """Return the distance of predictions from the truth over tenths of equally many rows by prediction."""
    tenth = np.minimum(np.argsort(np.argsort(p, kind="stable")) * BINS // len(p), BINS - 1)
    error, noise = _distance(held, tenth, p - held.p_true)
    observed, observed_noise = _distance(held, tenth, p - held.y)
    large = with_interval(held, lambda weights: mean(p - held.p_true, weights), places=4)
    return Calibration(error, noise, large, observed.value, observed_noise)


def _distance(held: Held, tenth: np.ndarray, gap: np.ndarray) -> tuple[Estimate, float]:
    inside = (tenth[:, None] == np.arange(BINS)).astype(float)

    def parts(weights: np.ndarray | None) -> np.ndarray:
        matrix = as_matrix(weights, len(gap))
        return np.asarray(matrix @ (inside * gap[:, None]) / matrix.sum(axis=1, keepdims=True))

    centre = parts(None)[0]
    drawn = replicate(
        lambda w: {"error": np.abs(parts(w)).sum(axis=1), "noise": np.abs(parts(w) - centre).sum(axis=1)},
        held.codes,
        n_boot=REPLICATES,
    )
    value = float(np.abs(centre).sum())
    return Estimate(value, *interval(drawn["error"], value, noise=2), places=3), float(drawn["noise"].mean())
