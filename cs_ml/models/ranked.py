"""Weighted ranks and bins that the metrics are sums over."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cs_ml.errors import FrameError

__all__ = ["Bins", "Steps", "as_matrix", "bins_of", "like", "ratio", "steps_of"]

Floats = npt.NDArray[np.float64]


class Steps(NamedTuple):
    """Weight and positive weight of each distinct probability, highest first, and their running sums.

    All of shape (n_replicates, n_steps).
    """

    total: Floats
    ones: Floats
    seen: Floats
    found: Floats


class Bins(NamedTuple):
    """Share of weight, mean prediction and event rate of each bin, shape (n_replicates, n_bins)."""

    share: Floats
    predicted: Floats
    observed: Floats


def as_matrix(weights: Floats | None, n: int) -> Floats:
    """Return weights of shape (n_replicates, n_rows); ones where there are none."""
    return np.ones((1, n)) if weights is None else np.atleast_2d(weights)


def like(weights: Floats | None, values: Floats) -> Any:
    """Return one value a replicate, or the only one where no replicates were asked for."""
    return values if weights is not None and weights.ndim == 2 else values[0]


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Return a quotient, NaN where the divisor is not positive.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    out = np.full(np.shape(top), np.nan)
    return np.asarray(np.divide(top, bottom, out=out, where=bottom > 0), dtype=np.float64)


def steps_of(y: Floats, p: Floats, weights: Floats | None) -> Steps:
    """Return the steps of a ranking; equal probabilities are one step."""
    if len(y) != len(p):
        raise FrameError(f"expected as many probabilities as labels, found {len(p):,} and {len(y):,}")
    order = np.argsort(-p, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(p[order]) != 0))
    total = as_matrix(weights, len(y))
    if (np.diff(order) != 1).any():
        total = total[:, order]
    ones = total * y[order]
    if len(starts) < len(y):
        total, ones = np.add.reduceat(total, starts, axis=1), np.add.reduceat(ones, starts, axis=1)
    return Steps(total, ones, np.cumsum(total, axis=1), np.cumsum(ones, axis=1))


def bins_of(y: Floats, p: Floats, weights: Floats | None, bins: int) -> Bins:
    """Return bins of equal mass; the edges do not depend on the weights, and an empty bin has rates of zero."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    code = np.searchsorted(edges, p, side="left")
    member = np.zeros((len(p), len(edges) + 1))
    member[np.arange(len(p)), code] = 1.0
    w = as_matrix(weights, len(p))
    mass = w @ member
    predicted = np.nan_to_num(ratio(w @ (member * p[:, None]), mass))
    observed = np.nan_to_num(ratio(w @ (member * y[:, None]), mass))
    return Bins(mass / w.sum(axis=1, keepdims=True), predicted, observed)
