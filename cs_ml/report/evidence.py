"""How far the figures can be trusted: what came true, and how the model does beside simple rules."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from cs_ml.report.cells import Table, table
from cs_ml.report.charts import intervals, reliability
from cs_ml.report.summary import require_columns
from cs_ml.report.words import Words

__all__ = ["bearable", "headline_metrics", "metric_rows", "reliability_note", "reliability_plot", "reliability_rows"]

HEADLINE = ("roc_auc", "average_precision", "log_loss", "ece", "capture_at_10%")
FEWEST = 5  # accounts with the event, below which a resampled interval is none
PERCENT = ("predicted", "observed", "low", "high")


def reliability_rows(found: pd.DataFrame | None, words: Words) -> Table | None:
    """Return the reliability table as texts, probabilities in percent.

    Parameters
    ----------
    found
        One row a bin: ``predicted`` and ``observed`` (or ``expected`` and ``share``, of a health score) in [0, 1],
        and any of low, high, rows, events, health_from, health_to. None is passed on.
    words
        Language.

    Returns
    -------
    Table or None
        Without the column ``sentence``, which is in one language.

    Raises
    ------
    FrameError
        If prediction or observation is missing.
    """
    if found is None:
        return None
    counted = _named(found).rename(columns={"events": "event_rows"})  # an account may be in several rows
    return table(counted, words, kinds=dict.fromkeys(PERCENT, "percent"))


def reliability_plot(found: pd.DataFrame | None, words: Words) -> Markup | None:
    """Draw observed beside predicted.

    Parameters
    ----------
    found, words
        As for :func:`reliability_rows`.

    Returns
    -------
    markupsafe.Markup or None
        The drawing.
    """
    if found is None or found.empty:
        return None
    rows = _named(found).dropna(subset=["predicted", "observed"])
    low, high = (list(rows[name].astype(float)) if {"low", "high"} <= set(rows) else None for name in ("low", "high"))
    labels = [
        f"{words('predicted')} {words.percent(said)}, {words('observed')} {words.percent(seen)}"
        for said, seen in zip(rows["predicted"], rows["observed"], strict=True)
    ]
    return reliability(
        [float(value) for value in rows["predicted"]],
        [float(value) for value in rows["observed"]],
        low,
        high,
        title=words("reliability"),
        x_label=words("predicted"),
        y_label=words("observed"),
        labels=labels,
    )


def reliability_note(found: pd.DataFrame | None, words: Words) -> str:
    """Say what the table counts: accounts that stayed where it is about health, else what was predicted."""
    return words("reliability_health" if found is not None and "health_from" in found else "reliability_event")


def headline_metrics(metrics: pd.DataFrame | None) -> pd.DataFrame | None:
    """Keep the few metrics that a portfolio needs; all of them where none is known by name.

    Examples
    --------
    >>> found = pd.DataFrame({"metric": ["roc_auc", "brier_resolution"], "value": [0.7, 0.1]})
    >>> headline_metrics(found)["metric"].tolist()
    ['roc_auc']
    """
    if metrics is None or "metric" not in metrics or not metrics["metric"].isin(HEADLINE).any():
        return metrics
    return metrics[metrics["metric"].isin(HEADLINE)]


def bearable(metrics: pd.DataFrame) -> pd.DataFrame:
    """Take away intervals that rest on fewer than five accounts with the event: resampling them says nothing.

    Parameters
    ----------
    metrics
        Any of value, low, high and events.

    Examples
    --------
    >>> found = pd.DataFrame({"value": [0.46, 0.7], "low": [0.46, 0.6], "high": [0.46, 0.8], "events": [2, 20]})
    >>> bearable(found)["low"].tolist()
    [nan, 0.6]
    """
    if not {"events", "low", "high"} <= set(metrics):
        return metrics
    many = metrics["events"] >= FEWEST
    return metrics.assign(**{name: metrics[name].where(many) for name in ("low", "high")})


def metric_rows(metrics: pd.DataFrame | None, words: Words) -> list[dict[str, Any]]:
    """Return metrics, the model beside its baselines, each with its interval drawn on a scale of its own.

    Parameters
    ----------
    metrics
        Columns metric, model, value and where present low, high, and target where there are several.
    words
        Language.

    Returns
    -------
    list of dict
        One a metric: label, note and rows (model, text, interval, drawing).

    Raises
    ------
    FrameError
        If a column is missing.
    """
    if metrics is None:
        return []
    require_columns(metrics, {"metric", "model", "value"}, "metrics")
    metrics = bearable(metrics)
    if "target" not in metrics:
        return [_metric(str(name), rows, words) for name, rows in metrics.groupby("metric", sort=False)]
    return [
        _metric(str(name), rows, words, of=f"{words.level(target)} · ")
        for (target, name), rows in metrics.groupby(["target", "metric"], sort=False)
    ]


def _metric(name: str, rows: pd.DataFrame, words: Words, of: str = "") -> dict[str, Any]:
    """Return one metric with a row a model."""
    kind, _, first = name.partition("_at_")
    low, high = (
        [None if pd.isna(value) else float(value) for value in rows.get(end, pd.Series(None, index=rows.index))]
        for end in ("low", "high")
    )
    texts = [words.number(value, 3) for value in rows["value"]]
    none = words("too_few") if "events" in rows and (rows["events"] < FEWEST).all() else ""
    spans = [none if a is None or b is None else f"{a:.3f} - {b:.3f}" for a, b in zip(low, high, strict=True)]
    models = [words.level(model) for model in rows["model"]]
    titles = [f"{model}: {text} {span}".strip() for model, text, span in zip(models, texts, spans, strict=True)]
    drawn = intervals([float(value) for value in rows["value"]], low, high, titles=titles)
    shown = zip(models, texts, spans, drawn, strict=True)
    return {
        "label": of + (words(f"{kind}_at", first=first) if words.has(f"{kind}_at") else words.label(name)),
        "note": words(f"{name}_note") if words.has(f"{name}_note") else "",
        "rows": [dict(zip(("model", "text", "interval", "drawing"), row, strict=True)) for row in shown],
    }


def _named(found: pd.DataFrame) -> pd.DataFrame:
    """Call prediction and observation by one name, and drop ready-made sentences."""
    rows = found.rename(columns={"expected": "predicted", "share": "observed"}).drop(
        columns="sentence", errors="ignore"
    )
    require_columns(rows, {"predicted", "observed"}, "reliability")
    return rows
