"""How good a ranking and its probabilities are; every metric takes row weights, so that one code serves the bootstrap.

Each function takes labels ``y`` (0.0 / 1.0) and probabilities ``p``, both of shape (n_rows,), and optional weights of
shape (n_rows,) or (n_replicates, n_rows); it returns a number, or an array of shape (n_replicates,). Tied
probabilities are treated as one step, so that a constant prediction neither gains nor loses by row order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cs_ml.models.capacity import Effort, expected_profit, mrr_captured
from cs_ml.models.ranked import Steps, as_matrix, bins_of, like, ratio, steps_of

__all__ = [
    "average_precision",
    "brier",
    "brier_parts",
    "capture_at",
    "ece",
    "lift_at",
    "log_loss",
    "measure",
    "roc_auc",
]

Floats = npt.NDArray[np.float64]
BINS = 10


def roc_auc(y: Floats, p: Floats, weights: Floats | None = None) -> Any:
    """Return the chance that a random positive is ranked above a random negative, ties counting half.

    Mann and Whitney (1947); Hanley and McNeil (1982). NaN where one class is absent.

    Examples
    --------
    >>> float(roc_auc(np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.1, 0.3])))
    0.5
    """
    return like(weights, _auc(steps_of(y, p, weights)))


def average_precision(y: Floats, p: Floats, weights: Floats | None = None) -> Any:
    """Return the precision averaged over the steps of recall, without interpolation (Davis and Goadrich 2006).

    Examples
    --------
    >>> round(float(average_precision(np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.1, 0.3]))), 4)
    0.8333
    """
    return like(weights, _precision(steps_of(y, p, weights)))


def log_loss(y: Floats, p: Floats, weights: Floats | None = None) -> Any:
    """Return the mean negative log-likelihood in nats (Good 1952); probabilities of 0 and 1 are moved by 1e-15.

    Examples
    --------
    >>> round(float(log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5]))), 4)
    0.6931
    """
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return _mean(-(y * np.log(p) + (1 - y) * np.log1p(-p)), weights)


def brier(y: Floats, p: Floats, weights: Floats | None = None) -> Any:
    """Return the mean squared difference of probability and outcome (Brier 1950).

    Examples
    --------
    >>> float(brier(np.array([1.0, 0.0]), np.array([0.5, 0.5])))
    0.25
    """
    return _mean((p - y) ** 2, weights)


def brier_parts(y: Floats, p: Floats, weights: Floats | None = None, bins: int = BINS) -> dict[str, Any]:
    """Return reliability, resolution, uncertainty and the remainder within bins of the Brier score.

    Over bins of equal mass with mean prediction f, event rate o and share s, and the overall rate r: reliability
    ``sum s (f - o)^2``, resolution ``sum s (o - r)^2``, uncertainty ``r (1 - r)`` (Murphy 1973). Predictions that
    differ within a bin leave ``within`` (Stephenson et al. 2008), so that
    ``brier = reliability - resolution + uncertainty + within`` exactly.

    Examples
    --------
    >>> parts = brier_parts(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    >>> {name: float(value) for name, value in parts.items()}
    {'reliability': 0.0, 'resolution': 0.0, 'uncertainty': 0.25, 'within': 0.0}
    """
    parts, _ = _calibration(y, p, weights, bins)
    return {name: like(weights, value) for name, value in parts.items() if name != "brier"}


def ece(y: Floats, p: Floats, weights: Floats | None = None, bins: int = BINS) -> Any:
    """Return the expected calibration error over bins of equal mass.

    ``sum s |f - o|`` with share s, mean prediction f and event rate o of each bin (Naeini et al. 2015). It is biased
    upwards: a perfectly calibrated model scores above zero in any finite sample, the more so with few events.

    Examples
    --------
    >>> round(float(ece(np.array([1.0, 0.0]), np.array([0.9, 0.2]))), 4)
    0.15
    """
    return like(weights, _calibration(y, p, weights, bins)[1])


def capture_at(y: Floats, p: Floats, weights: Floats | None = None, *, share: float) -> Any:
    """Return the share of all positives among the highest-ranked ``share`` of rows.

    Examples
    --------
    >>> float(capture_at(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.2, 0.1]), share=0.5))
    0.5
    """
    return like(weights, _capture(steps_of(y, p, weights), share))


def lift_at(y: Floats, p: Floats, weights: Floats | None = None, *, share: float) -> Any:
    """Return how many times the base rate the highest-ranked ``share`` of rows holds.

    Examples
    --------
    >>> float(lift_at(np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.9, 0.8, 0.2, 0.1]), share=0.25))
    4.0
    """
    return capture_at(y, p, weights, share=share) / share


def measure(
    y: Floats,
    p: Floats,
    weights: Floats | None = None,
    *,
    shares: tuple[float, ...] = (),
    mrr: Floats | None = None,
    capacity: int = 20,
    effort: Effort | None = None,
    dates: Any = None,
) -> dict[str, Any]:
    """Return all metrics at once, ranking and binning only once.

    Parameters
    ----------
    y, p, weights
        As in the module's introduction.
    shares
        Shares of rows for lift and capture.
    mrr, capacity, dates
        As in ``mrr_captured``; left out without ``mrr``.
    effort
        As in ``expected_profit``, which is left out without it.

    Returns
    -------
    dict
        Metric name to number, or to an array of shape (n_replicates,).
    """
    steps = steps_of(y, p, weights)
    parts, error = _calibration(y, p, weights, BINS)
    found = {"roc_auc": _auc(steps), "average_precision": _precision(steps)}
    found["log_loss"] = np.atleast_1d(log_loss(y, p, weights))
    found["brier"] = parts["brier"]
    found |= {f"brier_{name}": parts[name] for name in ("reliability", "resolution", "uncertainty")}
    found["ece"] = error
    for share in shares:
        captured = _capture(steps, share)
        found |= {f"lift_at_{share:.0%}": captured / share, f"capture_at_{share:.0%}": captured}
    if mrr is not None:
        worked: dict[str, Any] = {"mrr": mrr, "capacity": capacity, "dates": dates}
        found[f"mrr_captured_at_{capacity}"] = np.atleast_1d(mrr_captured(y, p, weights, **worked))
        if effort is not None:
            profit = np.atleast_1d(expected_profit(y, p, weights, effort=effort, **worked))
            found[f"expected_profit_at_{capacity}"] = profit
    return {name: like(weights, value) for name, value in found.items()}


def _auc(steps: Steps) -> Floats:
    zeros = steps.total - steps.ones
    n_ones, n = steps.found[:, -1], steps.seen[:, -1]
    below = (n - n_ones)[:, None] - (steps.seen - steps.found)
    wins = (steps.ones * (below + 0.5 * zeros)).sum(axis=1)
    return ratio(wins, n_ones * (n - n_ones))


def _precision(steps: Steps) -> Floats:
    precision = ratio(steps.found, steps.seen)
    return ratio(np.nansum(steps.ones * precision, axis=1), steps.found[:, -1])


def _capture(steps: Steps, share: float) -> Floats:
    room = share * steps.seen[:, -1]
    row = np.arange(len(room))
    last = np.minimum((steps.seen <= room[:, None]).sum(axis=1), steps.seen.shape[1] - 1)
    ones, total, seen = steps.ones[row, last], steps.total[row, last], steps.seen[row, last]
    part = np.clip(ratio(room - (seen - total), total), 0.0, 1.0)
    return ratio(steps.found[row, last] - ones + np.nan_to_num(part) * ones, steps.found[:, -1])


def _calibration(y: Floats, p: Floats, weights: Floats | None, bins: int) -> tuple[dict[str, Floats], Floats]:
    share, predicted, observed = bins_of(y, p, weights, bins)
    rate = (share * observed).sum(axis=1)
    parts = {
        "brier": np.atleast_1d(brier(y, p, weights)),
        "reliability": (share * (predicted - observed) ** 2).sum(axis=1),
        "resolution": (share * (observed - rate[:, None]) ** 2).sum(axis=1),
        "uncertainty": rate * (1 - rate),
    }
    parts["within"] = parts["brier"] - parts["reliability"] + parts["resolution"] - parts["uncertainty"]
    return parts, (share * np.abs(predicted - observed)).sum(axis=1)


def _mean(values: Floats, weights: Floats | None) -> Any:
    w = as_matrix(weights, len(values))
    return like(weights, ratio(w @ values, w.sum(axis=1)))
