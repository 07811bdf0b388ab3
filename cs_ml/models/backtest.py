"""Rolling-origin backtest: what the model would have said then, beside what simpler rules would have said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from cs_ml.errors import FrameError, InputError, NotEnoughData
from cs_ml.models.backtest_tables import calibration_of, metrics_by, pooled, with_context
from cs_ml.models.baselines import default_baselines
from cs_ml.models.capacity import Effort
from cs_ml.models.reliability import reliability_table
from cs_ml.timeline.split import TimeSplit, as_of_dates

__all__ = ["Backtest", "backtest"]

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Backtest:
    """What a backtest found.

    Parameters
    ----------
    predictions
        Indexed by (account_id, as_of): label, origin, a probability a model (``model`` and each baseline), mrr and
        segment where given.
    metrics
        Columns model, metric, value, low, high, n, events.
    differences
        Metrics of the model minus those of each baseline on the same rows: baseline, metric, value, low, high, n,
        events.
    by_date
        Metrics of the model by as_of.
    by_segment, by_tenure
        Metrics of the model by segment, and by how long an account has been a customer; empty where not given.
    calibration
        Mean probability beside the share observed of each segment and tenure, as in ``calibration_by``; empty where
        neither is given.
    reliability
        Reliability table of the model.
    origins
        One row an origin: test_from, test_to, train_until, train_rows, train_positive, test_rows, test_positive, note.
    left_out
        Rows of the tested dates without a label, by state.
    purge_days
        Days kept between training and test.
    """

    predictions: pd.DataFrame
    metrics: pd.DataFrame
    differences: pd.DataFrame
    by_date: pd.DataFrame
    by_segment: pd.DataFrame
    by_tenure: pd.DataFrame
    calibration: pd.DataFrame
    reliability: pd.DataFrame
    origins: pd.DataFrame
    left_out: dict[str, int]
    purge_days: int


def backtest(
    model: Any,
    X: pd.DataFrame,
    y: pd.DataFrame | pd.Series,
    *,
    split: TimeSplit,
    mrr: pd.Series | None = None,
    baselines: Mapping[str, Any] | None = None,
    segments: str | pd.Series | None = None,
    tenure: pd.Series | None = None,
    capacity: int = 20,
    effort: Effort | None = None,
    n_boot: int = 500,
    random_state: int = 0,
) -> Backtest:
    """Fit on the past of each origin, predict the origin, and measure all predictions together.

    Parameters
    ----------
    model
        Unfitted scikit-learn classifier; a clone is fitted at each origin.
    X
        Features indexed by (account_id, as_of).
    y
        Labels by the same index: a series, or a label frame with ``label`` (and ``state``, ``effective_at``).
    split
        Purged rolling origins.
    mrr
        MRR by the same index, for the MRR captured at capacity.
    baselines
        Name to unfitted classifier; None takes ``default_baselines``.
    segments
        Column of ``X``, or a series by the same index.
    tenure
        Days since each account became a customer, by the same index.
    capacity
        Accounts that can be worked a date.
    effort
        What working an account is assumed to cost and bring, for the expected profit at capacity; needs ``mrr``.
    n_boot, random_state
        Replicates and seed of the bootstrap clustered by account.

    Returns
    -------
    Backtest
        Predictions and tables.

    Raises
    ------
    InputError
        If the split purges fewer days than the model or the labels need.
    NotEnoughData
        If no origin has a past with both classes.
    """
    labels = _label_frame(X, y)
    _require_purge(split, model, labels)
    labelled = labels[labels["label"].notna()]
    rivals = {"model": model, **(default_baselines(list(X.columns)) if baselines is None else baselines)}
    parts, origins = [], []
    for number, (train, test) in enumerate(split.split(labelled)):
        past, future = labelled.index[train], labelled.index[test]
        part, note = _predict(rivals, X, labelled["label"], past, future)
        origins.append(_origin(labelled["label"], past, future, note))
        if part is not None:
            parts.append(part.assign(origin=number))
    if not parts:
        raise NotEnoughData(_nothing(origins, split))
    predictions = with_context(pd.concat(parts).sort_index(), mrr, _words(segments, X), tenure)
    options = {"capacity": capacity, "effort": effort, "n_boot": n_boot, "random_state": random_state}
    return Backtest(
        predictions,
        *pooled(predictions, list(rivals), options),
        **{f"by_{name}": metrics_by(predictions, name, options) for name in ("date", "segment", "tenure")},
        calibration=calibration_of(predictions),
        reliability=reliability_table(
            predictions["label"], predictions["model"], predictions.index.get_level_values("account_id")
        ),
        origins=pd.DataFrame(origins),
        left_out=_left_out(labels, predictions),
        purge_days=split.purge_days,
    )


def _label_frame(X: pd.DataFrame, y: pd.DataFrame | pd.Series) -> pd.DataFrame:
    as_of_dates(X)
    labels = y.to_frame("label") if isinstance(y, pd.Series) else y
    if "label" not in labels.columns:
        raise FrameError(f"y: expected a column label, found columns {[str(c) for c in labels.columns]}")
    if not X.index.is_unique:
        raise FrameError(
            f"X: expected one row for each account and date, found {int(X.index.duplicated().sum()):,} repeated"
        )
    return labels.reindex(X.index)


def _require_purge(split: TimeSplit, model: Any, labels: pd.DataFrame) -> None:
    if not isinstance(split, TimeSplit):
        raise InputError(f"split: expected a TimeSplit, which purges, found {type(split).__name__}")
    needed = int(getattr(model, "purge_days", 1))
    if "effective_at" in labels.columns:
        positive = labels[labels["label"] == 1]
        lead = (pd.DatetimeIndex(positive["effective_at"]) - as_of_dates(positive)).days
        needed = max([needed, *(lead[~np.isnan(lead)].astype(int) + 1).tolist()])
    if split.purge_days < needed:
        raise InputError(
            f"split: expected purge_days of at least {needed} (the model's own, and the longest way from as_of to an "
            f"event), found {split.purge_days}; training outcomes would reach into test time"
        )


def _predict(
    rivals: Mapping[str, Any], X: pd.DataFrame, label: pd.Series, past: pd.Index, future: pd.Index
) -> tuple[pd.DataFrame | None, str]:
    try:
        fitted = {name: clone(rival).fit(X.loc[past], label.loc[past]) for name, rival in rivals.items()}
    except NotEnoughData as error:
        return None, str(error)
    test = X.loc[future]
    columns = {name: rival.predict_proba(test)[:, 1] for name, rival in fitted.items()}
    return pd.DataFrame({"label": label.loc[future], **columns}, index=future), ""


def _origin(label: pd.Series, past: pd.Index, future: pd.Index, note: str) -> dict[str, Any]:
    tested, trained = as_of_dates(future), as_of_dates(past)
    return {
        "test_from": tested.min(),
        "test_to": tested.max(),
        "train_until": trained.max(),
        "train_rows": len(past),
        "train_positive": int(label.loc[past].sum()),
        "test_rows": len(future),
        "test_positive": int(label.loc[future].sum()),
        "note": note,
    }


def _nothing(origins: list[dict[str, Any]], split: TimeSplit) -> str:
    if origins:
        return f"no origin could be fitted; the newest says: {origins[-1]['note']}"
    return (
        f"expected labelled dates at least {split.purge_days} days apart, found none; "
        "start the snapshots earlier or shorten the horizon"
    )


def _words(segments: str | pd.Series | None, X: pd.DataFrame) -> pd.Series | None:
    return X[segments] if isinstance(segments, str) else segments


def _left_out(labels: pd.DataFrame, predictions: pd.DataFrame) -> dict[str, int]:
    tested = labels[as_of_dates(labels).isin(as_of_dates(predictions)) & labels["label"].isna().to_numpy()]
    states = tested["state"] if "state" in tested else pd.Series("unlabelled", index=tested.index)
    counts = states.fillna("unlabelled").astype(str).value_counts().sort_index()
    return {str(state): int(n) for state, n in counts.items()}
