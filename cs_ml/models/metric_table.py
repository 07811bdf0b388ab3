"""Metrics beside their intervals, and differences between two models on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.models.bootstrap import account_codes, interval, replicate, scaled_interval
from cs_ml.models.capacity import Effort
from cs_ml.models.metrics import measure

__all__ = ["metric_table", "paired_differences"]

Floats = npt.NDArray[np.float64]
NOISE = {"ece": 2, "brier_reliability": 1}  # metrics that noise can only raise, as in ``interval``
SCALES = {"roc_auc": "logit", "average_precision": "logit", "log_loss": "log", "brier": "log"}  # as in scaled_interval


def metric_table(
    y: Any,
    p: Any,
    clusters: Any = None,
    *,
    mrr: Any = None,
    dates: Any = None,
    shares: tuple[float, ...] = (0.05, 0.1, 0.2),
    capacity: int = 20,
    effort: Effort | None = None,
    n_boot: int = 500,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return every metric with its interval.

    Parameters
    ----------
    y, p
        Labels 0.0 / 1.0 and probabilities, shape (n_rows,).
    clusters
        Account of each row; None takes rows as independent.
    mrr, dates, capacity, effort
        As in ``mrr_captured`` and ``expected_profit``; without ``mrr`` or ``effort`` these are left out.
    shares
        Shares of rows for lift and capture.
    n_boot, level, random_state
        Replicates, coverage and seed of the bootstrap clustered by account. AUC, average precision, log loss and Brier
        score have intervals by ``scaled_interval``, the others percentiles.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, low, high, n (rows), events (accounts with a positive row).

    Raises
    ------
    FrameError
        If labels or probabilities are missing or outside their range.

    Examples
    --------
    >>> table = metric_table([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], n_boot=50)
    >>> table.set_index("metric").loc["roc_auc", ["value", "n", "events"]].tolist()
    [0.75, 4.0, 2.0]
    """
    y, p = _checked(y, p)
    codes, money = account_codes(clusters, len(y)), _money(mrr)
    order = np.argsort(-p, kind="stable")
    context = {"mrr": _at(money, order), "dates": _at(dates, order), "capacity": capacity, "effort": effort}
    measured = partial(measure, y[order], p[order], shares=shares, **context)
    return _table(measured, y[order], codes[order], n_boot, level, random_state, scales=SCALES, noise=NOISE)


def paired_differences(
    y: Any,
    p: Any,
    other: Any,
    clusters: Any = None,
    *,
    mrr: Any = None,
    dates: Any = None,
    shares: tuple[float, ...] = (0.1,),
    capacity: int = 20,
    effort: Effort | None = None,
    n_boot: int = 500,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return each metric of ``p`` minus that of ``other`` on the same rows, with the interval of the difference.

    Both are resampled together, so what they share cancels.

    Parameters
    ----------
    y, p, other
        Labels and two sets of probabilities, shape (n_rows,).
    clusters, mrr, dates, shares, capacity, effort, n_boot, level, random_state
        As in ``metric_table``.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, low, high, n, events.

    Examples
    --------
    >>> table = paired_differences([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.5] * 4, n_boot=50)
    >>> float(table.set_index("metric").loc["roc_auc", "value"])
    0.25
    """
    y, p = _checked(y, p)
    _, q = _checked(y, other)
    options: dict[str, Any] = {
        "shares": shares,
        "mrr": _money(mrr),
        "capacity": capacity,
        "effort": effort,
        "dates": dates,
    }

    def measured(weights: Floats | None) -> dict[str, Any]:
        ours, theirs = measure(y, p, weights, **options), measure(y, q, weights, **options)
        return {name: ours[name] - theirs[name] for name in ours}

    return _table(measured, y, account_codes(clusters, len(y)), n_boot, level, random_state)


def _table(
    measured: Callable[[Floats | None], dict[str, Any]],
    y: Floats,
    codes: npt.NDArray[np.intp],
    n_boot: int,
    level: float,
    random_state: int,
    *,
    scales: Mapping[str, str] = MappingProxyType({}),
    noise: Mapping[str, int] = MappingProxyType({}),
) -> pd.DataFrame:
    replicates = replicate(measured, codes, n_boot=n_boot, random_state=random_state)
    events = len(np.unique(codes[y == 1]))
    rows = []
    for name, value in measured(None).items():
        if name in scales:
            told = scaled_interval(replicates[name], float(value), scale=scales[name], events=events, level=level)
        else:
            told = interval(replicates[name], float(value), level=level, noise=noise.get(name, 0))
        rows.append((name, float(value), *told, len(y), events))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "n", "events"])


def _money(mrr: Any) -> Floats | None:
    return None if mrr is None else np.asarray(mrr, dtype=np.float64)


def _at(values: Any, order: npt.NDArray[np.intp]) -> Any:
    return None if values is None else np.asarray(values)[order]


def _checked(y: Any, p: Any) -> tuple[Floats, Floats]:
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    faults = []
    if len(y) != len(p) or not len(y):
        faults.append(Fault("y, p", "equally many, at least one", f"{len(y):,} and {len(p):,}"))
    wrong = ~np.isin(y, (0.0, 1.0))
    if wrong.any():
        hint = "leave immature and censored rows out, and count them"
        faults.append(Fault("y", "0 or 1", str(y[wrong][0]), rows=int(wrong.sum()), hint=hint))
    outside = ~((p >= 0) & (p <= 1))
    if outside.any():
        faults.append(Fault("p", "a probability", str(p[outside][0]), rows=int(outside.sum())))
    if faults:
        raise FrameError(faults)
    return y, p
