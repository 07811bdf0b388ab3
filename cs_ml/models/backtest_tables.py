"""What the predictions of a backtest come to: pooled, by date, by segment and by tenure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cs_ml.models.groups import calibration_by, tenure_group
from cs_ml.models.metric_table import metric_table, paired_differences
from cs_ml.timeline.split import as_of_dates

__all__ = ["calibration_of", "metrics_by", "pooled", "with_context"]

Options = dict[str, Any]


def with_context(
    predictions: pd.DataFrame, mrr: pd.Series | None, segments: pd.Series | None, tenure: pd.Series | None
) -> pd.DataFrame:
    """Return predictions with columns mrr, segment and tenure, as far as these are given.

    Parameters
    ----------
    predictions
        Indexed by (account_id, as_of).
    mrr, segments, tenure
        By the same index; tenure in days.
    """
    if mrr is not None:
        predictions = predictions.assign(mrr=mrr.reindex(predictions.index))
    if segments is not None:
        words = segments.reindex(predictions.index).astype(object)
        predictions = predictions.assign(segment=words.where(words.notna(), "missing").astype(str))
    if tenure is not None:
        predictions = predictions.assign(tenure=tenure_group(tenure.reindex(predictions.index)))
    return predictions


def pooled(predictions: pd.DataFrame, names: list[str], options: Options) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the metrics of each model over all dates, and the differences of the first to each other one.

    Parameters
    ----------
    predictions
        As from ``with_context``, with a column of probabilities a model.
    names
        Columns of the models; the first is called ``model``.
    options
        capacity, effort, n_boot, random_state of ``metric_table``.
    """
    label, context = predictions["label"], _context(predictions) | options
    tables = [metric_table(label, predictions[name], **context).assign(model=name) for name in names]
    gaps = [
        paired_differences(label, predictions["model"], predictions[name], **context).assign(baseline=name)
        for name in names[1:]
    ]
    return _first_column(pd.concat(tables, ignore_index=True), "model"), (
        _first_column(pd.concat(gaps, ignore_index=True), "baseline") if gaps else pd.DataFrame()
    )


def metrics_by(predictions: pd.DataFrame, name: str, options: Options) -> pd.DataFrame:
    """Return the metrics of the model within each value of a column, ``date`` for the dates; empty without it."""
    if name != "date" and name not in predictions:
        return pd.DataFrame()
    keys, name = (as_of_dates(predictions), "as_of") if name == "date" else (predictions[name].to_numpy(), name)
    tables = []
    for value, part in predictions.groupby(keys):
        table = metric_table(part["label"], part["model"], **_context(part), **options)
        table.insert(0, name, value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def calibration_of(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return calibration in the large by segment and by tenure: column ``by``, and those of ``calibration_by``."""
    accounts = predictions.index.get_level_values("account_id")
    found = [
        calibration_by(predictions["label"], predictions["model"], predictions[name], accounts).assign(by=name)
        for name in ("segment", "tenure")
        if name in predictions
    ]
    return _first_column(pd.concat(found, ignore_index=True), "by") if found else pd.DataFrame()


def _context(predictions: pd.DataFrame) -> dict[str, Any]:
    context = {"clusters": predictions.index.get_level_values("account_id"), "dates": as_of_dates(predictions)}
    return {**context, "mrr": predictions["mrr"]} if "mrr" in predictions else context


def _first_column(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[[name, *(column for column in table if column != name)]]
