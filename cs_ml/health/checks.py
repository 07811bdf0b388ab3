"""Is the score fit to ship? Three questions asked of rows it had not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.bands import Bands
from cs_ml.health.intervals import Z90, design_effect, ratio_interval, wilson

__all__ = ["ship_checks", "verdict_on"]

Floats = NDArray[np.float64]
RED_LIFT, CAUGHT, MOST_GREEN = 3.0, 2 / 3, 0.8


def ship_checks(
    health: Floats, stayed: Floats, account: NDArray[np.int64], lead: Floats | None = None, bands: Bands | None = None
) -> pd.DataFrame:
    """Return the three ship checks, measured out of time.

    Parameters
    ----------
    health
        Points given before the outcome was known; NaN is left out.
    stayed
        1.0 stayed, 0.0 left.
    account
        Account number of each row.
    lead
        Days until the churn took effect; where any lie between 60 and 90, only those churners count in the
        second check.
    bands
        Limits of red and green; ``capacity`` is not used here.

    Returns
    -------
    pandas.DataFrame
        By check: ``value, low, high`` (90 %, clustered by account), ``threshold, holds, sentence``. A check
        that cannot be measured does not hold.

    Examples
    --------
    >>> health = np.array([30.0, 35.0, 55.0, 70.0, 75.0, 80.0, 55.0, 50.0])
    >>> stayed = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    >>> ship_checks(health, stayed, np.arange(8))[["value", "holds"]]
                      value  holds
    check
    red_churn_lift    4.000   True
    churners_caught   1.000   True
    share_green       0.375   True
    """
    known, limits = np.isfinite(health), bands or Bands()
    health, stayed, account = health[known], stayed[known], np.unique(account[known], return_inverse=True)[1]
    left, green = stayed == 0, health >= limits.green_from
    near = left & _in_time(lead[known] if lead is not None else None, left)
    rows = [
        _check("red_churn_lift", ratio_interval(health < limits.red_below, left, account), RED_LIFT, "at least"),
        _check("churners_caught", _share(~green[near], account[near]), CAUGHT, "at least"),
        _check("share_green", _share(green, account), MOST_GREEN, "at most"),
    ]
    columns = ["check", "value", "low", "high", "threshold", "holds", "sentence"]
    return pd.DataFrame(rows, columns=columns).set_index("check")


def verdict_on(checks: pd.DataFrame) -> str:
    """Return in a few words whether a version may ship, apart from what could not be measured.

    Parameters
    ----------
    checks
        From :func:`ship_checks`, or the same with ``check`` as a column; empty where nothing could be measured.

    Examples
    --------
    >>> verdict_on(ship_checks(np.array([50.0, 50.0]), np.array([0.0, 1.0]), np.arange(2)))
    'not measured: red_churn_lift; the others hold'
    """
    if not len(checks):
        return "not measured"
    names, known = checks.get("check", checks.index), checks["value"].notna()
    failed = [str(name) for name, held, seen in zip(names, checks["holds"], known, strict=True) if seen and not held]
    unseen = [str(name) for name, seen in zip(names, known, strict=True) if not seen]
    told = [f"failed: {', '.join(failed)}"] if failed else []
    told += [f"not measured: {', '.join(unseen)}"] if unseen else []
    rest = [] if failed or not known.any() else ["the others hold"]
    return "; ".join([*told, *rest]) if told else "passed"


def _in_time(lead: Floats | None, left: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inside = np.zeros(len(left), bool) if lead is None else left & (lead >= 60) & (lead <= 90)
    return inside if inside.any() else left


def _share(hits: NDArray[np.bool_], account: NDArray[np.int64]) -> tuple[float, float, float]:
    if not len(hits):
        return float("nan"), float("nan"), float("nan")
    effect = design_effect(hits, np.unique(account, return_inverse=True)[1])
    return float(hits.mean()), *wilson(float(hits.sum()), len(hits), effect=effect, z=Z90)


_WORDS = {
    "red_churn_lift": "Churn in the red band is {value:.1f} times the base rate ({low:.1f}-{high:.1f})",
    "churners_caught": "{value:.0%} of churners were below green beforehand ({low:.0%}-{high:.0%})",
    "share_green": "{value:.0%} of rows are green ({low:.0%}-{high:.0%})",
}


def _check(name: str, measured: tuple[float, float, float], threshold: float, side: str) -> list[object]:
    value, low, high = measured
    holds = bool(value >= threshold if side == "at least" else value <= threshold)
    said = _WORDS[name].format(value=value, low=low, high=high) if np.isfinite(value) else "Could not be measured"
    wanted = f"{threshold:.0f} times" if name == "red_churn_lift" else f"{threshold:.0%}"
    return [name, value, low, high, threshold, holds, f"{said}; wanted {side} {wanted}"]
