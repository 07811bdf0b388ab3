"""The model card: what was learned from what, how good it is beside simple rules, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pandas as pd
from markupsafe import Markup

from cs_ml.report.cells import Table, table
from cs_ml.report.cells import facts as written
from cs_ml.report.charts import bar
from cs_ml.report.checks import check_rows, off_rows
from cs_ml.report.evidence import bearable, metric_rows, reliability_note, reliability_plot, reliability_rows
from cs_ml.report.page import Page
from cs_ml.report.said import Said
from cs_ml.report.summary import require_columns
from cs_ml.report.timecharts import line

__all__ = ["ModelReport"]

SHOWN = 30


class ModelReport(Page):
    """A model card on one page; a section appears only when its data is given.

    Parameters
    ----------
    metrics
        Out-of-time metrics: columns metric, model, value and where known low, high; the model's rows beside its
        baselines'.
    reliability
        What came true by bin: predicted and observed (or expected and share), and where known low, high, rows, events.
    report_card
        What the data can bear: verdicts by name, or a small frame.
    importance
        Mean absolute contribution by feature, in log-odds.
    catalog
        Feature catalog, for labels.
    weights
        Weights of the scorecard: a small frame with prior, posterior, interval, events.
    by_date
        One metric by test date: columns as_of, value and where known low, high.
    alarms
        What the leak and drift alarms found: sentences, or a small frame. An empty one says that nothing was found.
    base_rates
        Base rate by date: columns as_of, base_rate and where known low, high.
    counts
        Rows by label state (1, 0, immature, censored) and whatever else was counted.
    facts
        Data, cohort, label, horizon, versions, hashes.
    limits
        What the model must not be used for, in words.
    measures
        Label of each measure of the scorecard, in the language of the page.
    checks
        Ship checks of the health score: value (null where it could not be measured), holds, sentence.
    calibration
        By group: predicted, observed, gap with low and high, and ``off`` where chance does not explain it.
    lang
        "en" or "ja".
    title
        Heading; None takes the one of the language.

    Raises
    ------
    FrameError
        If a frame lacks what it must have.

    Examples
    --------
    >>> metrics = pd.DataFrame({"metric": "roc_auc", "model": ["model", "base_rate"], "value": [0.74, 0.5]})
    >>> "0.740" in ModelReport(metrics=metrics, counts={"1": 52, "immature": 310}).html()
    True
    """

    template: ClassVar[str] = "model.html"
    heading: ClassVar[str] = "model_card"

    def __init__(
        self,
        *,
        metrics: pd.DataFrame | None = None,
        reliability: pd.DataFrame | None = None,
        report_card: Mapping[str, Any] | pd.DataFrame | None = None,
        importance: pd.Series | None = None,
        catalog: pd.DataFrame | None = None,
        weights: pd.DataFrame | None = None,
        by_date: pd.DataFrame | None = None,
        alarms: Sequence[str] | pd.DataFrame | None = None,
        base_rates: pd.DataFrame | None = None,
        counts: Mapping[str, int] | None = None,
        facts: Mapping[str, Any] | None = None,
        limits: Sequence[str] = (),
        measures: Mapping[str, str] | None = None,
        checks: pd.DataFrame | None = None,
        calibration: pd.DataFrame | None = None,
        lang: str = "en",
        title: str | None = None,
    ) -> None:
        super().__init__(title=title, lang=lang)
        self.metrics, self.reliability, self.report_card = metrics, reliability, report_card
        self.importance, self.catalog, self.weights, self.by_date = importance, catalog, weights, by_date
        self.base_rates = base_rates
        self.alarms, self.counts, self.facts, self.limits = alarms, counts, facts, tuple(limits)
        self.checks, self.calibration = checks, calibration
        self.said = Said(self.words, self._labels())
        self.measured = Said(self.words, {**self._labels(), **(measures or {})})

    def view(self) -> dict[str, Any]:
        """Return what the template shows."""
        words, card, alarms = self.words, self.report_card, self.alarms
        return {
            "facts": written(self.facts, words),
            "counts": [
                (words(f"state_{name}") if name in ("1", "0") else words.label(name), words.number(count))
                for name, count in (self.counts or {}).items()
            ],
            "card_table": self._card(card) if isinstance(card, pd.DataFrame) else None,
            "card": [] if card is None or isinstance(card, pd.DataFrame) else written(card, words),
            "metrics": metric_rows(self.metrics, words),
            "by_date": self._dated(self.by_date, "value", "by_date"),
            "base_rates": self._dated(self.base_rates, "base_rate", "base_rates"),
            "reliability": reliability_rows(self.reliability, words),
            "reliability_note": reliability_note(self.reliability, words),
            "reliability_chart": reliability_plot(self.reliability, words),
            "importance": self._importance(),
            "weights": None if self.weights is None else table(_told(self.weights, self.measured), words),
            "alarm_table": table(_told(alarms, self.said), words)
            if isinstance(alarms, pd.DataFrame) and len(alarms)
            else None,
            "alarms": None if alarms is None else [] if isinstance(alarms, pd.DataFrame) else [*map(self.said, alarms)],
            "ship_checks": check_rows(self.checks, self.said),
            "off": off_rows(self.calibration, self.said),
            "limits": [*map(self.said, self.limits)],
        }

    def _card(self, card: pd.DataFrame) -> Table:
        """Return what the data can bear as texts: what it is called, and what was found."""
        found = table(_told(card, self.said), self.words)
        return replace(
            found, heads=[self.words("item") if head == self.words.label("name") else head for head in found.heads]
        )

    def _dated(self, frame: pd.DataFrame | None, column: str, title: str) -> Markup | None:
        """Draw one metric, or the base rate, by date."""
        if frame is None or len(frame) < 2:
            return None
        require_columns(frame, {"as_of", column}, title)
        percent = column == "base_rate"
        rows = (frame if percent else bearable(frame)).sort_values("as_of")
        low, high = (
            list(rows[name].astype(float)) if {"low", "high"} <= set(rows) else None for name in ("low", "high")
        )
        values, when = list(rows[column].astype(float)), list(pd.DatetimeIndex(rows["as_of"]))
        return line(when, values, low=low, high=high, title=self.words(title), percent=percent)

    def _importance(self) -> list[dict[str, Any]]:
        """Return the features that move the log-odds most, with bars."""
        if self.importance is None or self.importance.empty:
            return []
        first = self.importance.dropna().sort_values(ascending=False, kind="stable").head(SHOWN)
        limit = float(first.max()) or 1.0
        return [
            {
                "label": self._label(str(name)),
                "feature": str(name),
                "value": self.words.number(value, 3),
                "bar": bar(value, limit, title=f"{name} {value:.3f}", class_="accent", one_sided=True),
            }
            for name, value in first.items()
        ]

    def _label(self, feature: str) -> str:
        """Return the catalog's label of a feature, or its name."""
        return self._labels().get(feature, feature)

    def _labels(self) -> dict[str, str]:
        """Return the catalog's label of each feature."""
        column = f"label_{self.words.lang}"
        if self.catalog is None or column not in self.catalog:
            return {}
        return {str(feature): str(label) for feature, label in self.catalog[column].items()}


def _told(frame: pd.DataFrame, said: Said) -> pd.DataFrame:
    """Return a frame with the texts of the package in the language of the page."""
    shown = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    return shown.map(lambda value: said(value) if isinstance(value, str) else value)
