"""What was foreseen beside what happened: sums of probabilities against churn and revenue lost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.timeline.lookup import ratio

__all__ = ["compare_forecast"]

Z = 1.959963984540054


def compare_forecast(forecasts: pd.DataFrame, labels: pd.DataFrame, by: pd.Series | None = None) -> pd.DataFrame:
    """Compare the churn and the revenue loss that were expected with those that came.

    Parameters
    ----------
    forecasts
        Index (account_id, as_of); ``p_churn`` and ``mrr``, as they were published.
    labels
        Label frame of the same index: ``label`` (1, 0, missing) and ``state``. Rows whose outcome is not certain, or
        that are not in it, are left out and counted.
    by
        Group of each row, with the same index.

    Returns
    -------
    pandas.DataFrame
        as_of, group, n, n_excluded; expected, low, high and actual churns; the same of ``mrr`` lost, and its ratio
        actual / expected. Intervals say how far a right forecast may be off by chance, if accounts left
        independently.

    Raises
    ------
    FrameError
        If a column is missing.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"])
    >>> forecasts = pd.DataFrame({"p_churn": [0.5, 0.1], "mrr": [100.0, 200.0]}, index=index)
    >>> labels = pd.DataFrame({"label": [1.0, 0.0], "state": ["1", "0"]}, index=index)
    >>> compare_forecast(forecasts, labels)[["expected", "actual", "expected_mrr", "actual_mrr"]].to_numpy().tolist()
    [[0.6, 1.0, 70.0, 100.0]]
    """
    _require(forecasts, ("p_churn", "mrr"), "forecasts")
    _require(labels, ("label",), "labels")
    label = labels["label"].reindex(forecasts.index)
    p, mrr = forecasts["p_churn"].astype(float), forecasts["mrr"].astype(float).fillna(0.0)
    certain = (label.notna() & p.notna()).to_numpy()
    rows = pd.DataFrame({
        "as_of": forecasts.index.get_level_values("as_of"),
        "group": "all" if by is None else by.reindex(forecasts.index).fillna("none").astype(str).to_numpy(),
        "n": certain.astype(int), "n_excluded": (~certain).astype(int),
        "expected": p.to_numpy(), "actual": label.to_numpy(dtype=float), "spread": (p * (1 - p)).to_numpy(),
        "expected_mrr": (p * mrr).to_numpy(), "actual_mrr": (label * mrr).to_numpy(dtype=float),
        "spread_mrr": (p * (1 - p) * mrr**2).to_numpy(),
    })  # fmt: skip
    figures = ["expected", "actual", "spread", "expected_mrr", "actual_mrr", "spread_mrr"]
    rows.loc[~certain, figures] = 0.0
    summed = rows.groupby(["as_of", "group"], sort=True).sum().reset_index()
    for ending in ("", "_mrr"):
        half = Z * np.sqrt(summed.pop(f"spread{ending}"))
        summed[f"low{ending}"] = np.maximum(summed[f"expected{ending}"] - half, 0.0)
        summed[f"high{ending}"] = summed[f"expected{ending}"] + half
    above, below = (summed[name].to_numpy(dtype=float) for name in ("actual_mrr", "expected_mrr"))
    summed["ratio_mrr"] = ratio(above, below)
    return summed[["as_of", "group", "n", "n_excluded", "expected", "low", "high", "actual", "expected_mrr", "low_mrr",
                   "high_mrr", "actual_mrr", "ratio_mrr"]]  # fmt: skip


def _require(frame: pd.DataFrame, columns: tuple[str, ...], where: str) -> None:
    missing = [name for name in columns if name not in frame]
    if missing:
        raise FrameError([Fault(f"{where}.{name}", "a column of that name", "none") for name in missing])
