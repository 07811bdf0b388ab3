"""Small worlds for ``honesty.py``: snapshot tables whose true probabilities are known exactly.

Twelve correlated columns drift slowly within an account. The log-odds of the event add up from four straight lines, a
hinge and an interaction; five columns carry nothing. Labels look 90 days ahead on monthly dates, so those of
neighbouring dates hang together, as they do in real books: they are drawn by a Gaussian copula whose shocks three
dates share, which leaves each row's own probability exactly what the columns say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from cs_ml.models.metrics import roc_auc

COLUMNS = [f"x{number:02}" for number in range(12)]
LINES = np.array([1.0, -0.7, 0.5, 0.35])  # log-odds per standard deviation of the first four columns
BASE = -4.0
STAYS, TOGETHER = 0.9, 0.3  # correlation from month to month, and between columns
HORIZON, PURGE = 3, 90  # dates, days
TENTHS = 10


@dataclass(frozen=True)
class World:
    """Rows by account and date, what happened, and how likely it truly was."""

    X: pd.DataFrame
    y: pd.Series
    p: np.ndarray

    @property
    def events(self) -> int:
        """Accounts with a positive row."""
        return int(self.y.groupby(level="account_id").max().sum())

    def part(self, rows: np.ndarray) -> World:
        """Return some of the rows."""
        return World(self.X[rows], self.y[rows], self.p[rows])


def world(seed: int, accounts: int, *, dates: int = 12, base: float = BASE, signal: bool = True) -> World:
    """Return a world; without signal every row has the same probability."""
    rng = np.random.default_rng(seed)
    x = columns(rng, accounts, dates)
    p = expit(base + log_odds(x)) if signal else np.full(x.shape[:2], expit(base + 1.0))
    return told(x, p, rng)


def told(x: np.ndarray, p: np.ndarray, rng: np.random.Generator) -> World:
    """Return columns and drawn labels as tables."""
    names = [f"a{number:06}" for number in range(len(x))]
    days = pd.date_range("2024-01-01", periods=x.shape[1], freq="MS")
    index = pd.MultiIndex.from_product([names, days], names=["account_id", "as_of"])
    X = pd.DataFrame(x.reshape(-1, len(COLUMNS)), index=index, columns=COLUMNS)
    return World(X, pd.Series(drawn(p, rng).ravel(), index=index, name="label"), p.ravel())


def columns(rng: np.random.Generator, accounts: int, dates: int) -> np.ndarray:
    """Return standard normal columns, shape (accounts, dates, columns)."""
    size = len(COLUMNS)
    mix = np.linalg.cholesky(TOGETHER + (1 - TOGETHER) * np.eye(size)).T
    x = rng.normal(size=(accounts, dates, size)) @ mix
    for date in range(1, dates):
        x[:, date] = STAYS * x[:, date - 1] + np.sqrt(1 - STAYS**2) * x[:, date]
    return np.asarray(x)


def log_odds(x: np.ndarray) -> np.ndarray:
    """Return what the columns add to the log-odds."""
    bent = 0.8 * np.maximum(x[..., 4], 0) - 0.6 * x[..., 5] * (x[..., 6] > 0)
    return np.asarray(x[..., : len(LINES)] @ LINES + bent)


def drawn(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw labels of these probabilities that share shocks with the dates their horizons share."""
    shocks = rng.normal(size=(len(p), p.shape[1] + HORIZON - 1))
    together = np.lib.stride_tricks.sliding_window_view(shocks, HORIZON, axis=1).sum(axis=2) / np.sqrt(HORIZON)
    return np.asarray((norm.cdf(together) < p).astype(float))


def doubled(made: World, seed: int) -> World:
    """Return the same rows in a time that has twice the base rate, all log-odds shifted alike."""
    margin = logit(made.p)
    shift = brentq(lambda a: float(expit(margin + a).mean()) - 2 * float(made.p.mean()), 0.0, 10.0)
    p = expit(margin + shift).reshape(made.X.index.get_level_values("account_id").nunique(), -1)
    y = drawn(p, np.random.default_rng(seed)).ravel()
    return World(made.X, pd.Series(y, index=made.X.index, name="label"), p.ravel())


def expected_auc(p_true: np.ndarray, score: np.ndarray) -> float:
    """Return the AUC that luck of the outcomes plays no part in: each row is a positive and a negative by its share."""
    both = np.repeat([1.0, 0.0], len(score))
    return float(roc_auc(both, np.tile(score, 2), np.concatenate([p_true, 1 - p_true])))


def expected_loss(p_true: np.ndarray, p: np.ndarray) -> float:
    """Return the log loss to be expected under the truth."""
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(-(p_true * np.log(p) + (1 - p_true) * np.log1p(-p)).mean())


def calibration_error(p_true: np.ndarray, p: np.ndarray) -> float:
    """Return the mean distance from the truth over tenths of equally many rows by prediction."""
    tenth = np.argsort(np.argsort(p, kind="stable")) * TENTHS // len(p)
    return float(np.abs(np.bincount(tenth, weights=p - p_true, minlength=TENTHS)).sum() / len(p))
