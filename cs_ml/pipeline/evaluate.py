"""How good a target's model is on dates it had not seen, beside the baselines, and what the data can bear."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sklearn.base import clone

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.models import PropensityClassifier
from cs_ml.models.alarms import leak_alarms
from cs_ml.models.backtest import Backtest, backtest
from cs_ml.models.capacity import Effort
from cs_ml.models.report_card import FEWEST, ReportCard, report_card
from cs_ml.pipeline.label_report import describe_labels
from cs_ml.pipeline.labelers import is_loss
from cs_ml.pipeline.rows import test_rows, training_rows
from cs_ml.pipeline.snapshot import Snapshot
from cs_ml.pipeline.told_health import health_lines
from cs_ml.pipeline.told_survival import describe_survival
from cs_ml.report.evidence import reliability_plot
from cs_ml.report.words import Words
from cs_ml.timeline import TimeSplit

__all__ = ["Evaluation", "describe_bundle", "evaluate_target"]

SHOWN = ("roc_auc", "average_precision", "log_loss", "ece", "lift_at_10%")
AT_CAPACITY = ("mrr_captured_at_", "expected_profit_at_")
TENURE = "contracts_tenure_days"
SEGMENTS = ("contracts_billing_months", "accounts_segment_current")
MOST_SEGMENTS = 8


@dataclass(frozen=True)
class Evaluation:
    """What a backtest found and what it means.

    Parameters
    ----------
    backtest
        Predictions and tables.
    card
        What the data can bear.
    counts
        Rows of the training period by label state.
    alarms
        Columns that may betray the outcome; empty where none was found.
    assumed
        What the expected profit rests on, in words; None where none is told.
    """

    backtest: Backtest
    card: ReportCard
    counts: dict[str, int]
    alarms: pd.DataFrame = field(default_factory=pd.DataFrame)
    assumed: str | None = None

    @property
    def verdict(self) -> str:
        """Whether there is a usable signal."""
        return self.card.verdict

    def headline(self) -> dict[str, float]:
        """Return the model's metrics by name, intervals included."""
        own = self.backtest.metrics[self.backtest.metrics["model"] == "model"].set_index("metric")
        return {
            f"{name}{ending}": float(own.loc[name, column]) for name in own.index for column, ending in ENDINGS.items()
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table worth keeping, by name."""
        found = self.backtest
        return {
            "metrics": found.metrics,
            "differences": found.differences,
            "by_date": found.by_date[found.by_date["metric"] == "roc_auc"],
            "by_segment": found.by_segment,
            "by_tenure": found.by_tenure,
            "calibration": found.calibration,
            "reliability": found.reliability,
            "origins": found.origins,
            "alarms": self.alarms,
            "report_card": _card_frame(self.card, self.assumed),
        }

    def reliability_plot(self) -> str:
        """Return the drawing of observed beside predicted as SVG text."""
        return str(reliability_plot(self.backtest.reliability, Words("en")))


ENDINGS = {"value": "", "low": "_low", "high": "_high"}


def evaluate_target(config: Config, snapshot: Snapshot, target: str, model: PropensityClassifier) -> Evaluation:
    """Test a target's model on dates it has not seen.

    With declared test dates the model learns once, from the rows before them; otherwise from the past of each of the
    newest origins.

    Parameters
    ----------
    config
        Checked config.
    snapshot
        Features and labels.
    target
        Name of the target.
    model
        Fitted model; clones of it are fitted on the past of each origin.

    Raises
    ------
    NotEnoughData
        If no origin has a past with both outcomes.
    """
    X, y = training_rows(config, snapshot, target)
    purge = snapshot.purge_days[target]
    split = TimeSplit(purge_days=purge, n_origins=config.model.n_origins, min_train_dates=1)
    declared = test_rows(config, snapshot, target)
    if declared is not None:
        X, y = pd.concat([X, declared[0]]).sort_index(), pd.concat([y, declared[1]]).sort_index()
        split = TimeSplit(purge_days=purge, n_origins=1, test_dates=len(config.model.test_dates or ()))
    effort, capacity = _effort(config, target), config.priority.capacity
    context: dict[str, Any] = {
        "mrr": snapshot.mrr,
        "segments": _segments(X),
        "tenure": X.get(TENURE),
        "capacity": capacity,
    }
    found = backtest(clone(model), X, y, split=split, effort=effort, **context)
    counts = {str(state): int(count) for state, count in snapshot.labels[target]["state"].value_counts().items()}
    assumed = _assumed(effort, capacity, found)
    return Evaluation(found, report_card(found), counts, _alarms(found, X, y), assumed)


def describe_bundle(bundle: Bundle) -> list[str]:
    """Return in lines of text how good the models of a bundle are, beside the baselines, with intervals."""
    lines = []
    for target in [name.removesuffix("_metrics") for name in bundle.tables if name.endswith("_metrics")]:
        lines += ["", f"{target}, out of time", _beside(bundle.table(f"{target}_metrics"))]
        card = bundle.table(f"{target}_report_card")
        lines += [f"  {row['name']}: {row['value']}" for row in card.to_dict("records")]
        lines += _miscalibrated(bundle.tables.get(f"{target}_calibration", pd.DataFrame()))
        alarms = bundle.tables.get(f"{target}_alarms", pd.DataFrame())
        lines += [f"  ALARM {row['message']}" for row in alarms.to_dict("records")]
    lines += [*describe_labels(bundle), *describe_survival(bundle)]
    if bundle.metadata.get("health"):
        lines += ["", *health_lines(bundle)]
    return [*lines, "", *(f"note: {note}" for note in bundle.metadata.get("notes", ()))]


def _beside(metrics: pd.DataFrame) -> str:
    """Write the model beside its baselines, each number with its interval."""
    at_capacity = [name for name in metrics["metric"].unique() if name.startswith(AT_CAPACITY)]
    names = [*SHOWN, *at_capacity]
    shown = metrics[metrics["metric"].isin(names)]
    cells = [_cell(row) for row in shown.itertuples()]
    table = shown.assign(cell=cells).pivot_table(
        index="model", columns="metric", values="cell", aggfunc="first", sort=False
    )
    return table[[name for name in names if name in table]].to_string()


def _cell(row: Any) -> str:
    digits = ",.0f" if row.metric.startswith("expected_profit") else ".3f"
    told = (
        f"{row.low:{digits}} to {row.high:{digits}}" if getattr(row, "events", FEWEST) >= FEWEST else "too few events"
    )
    return f"{row.value:{digits}} ({told})"


def _miscalibrated(calibration: pd.DataFrame) -> list[str]:
    """Name the segments and tenures within which probabilities are off by more than chance explains."""
    off = calibration[calibration["off"].astype(bool)] if len(calibration) else calibration
    return [
        f"  OFF within {row['group']}: {row['predicted']:.1%} foreseen, {row['observed']:.1%} came "
        f"({row['predicted'] - row['high']:.1%} to {row['predicted'] - row['low']:.1%})"
        for row in off.to_dict("records")
    ]


def _effort(config: Config, target: str) -> Effort | None:
    """Return what working an account is assumed to cost and bring, where the outcome is a loss and money is told."""
    told = config.priority
    if told.contact_cost is None or told.success_rate is None or not is_loss(config, target):
        return None
    return Effort(told.contact_cost, told.success_rate, told.months_kept)


def _assumed(effort: Effort | None, capacity: int, found: Backtest) -> str | None:
    if effort is None or "mrr" not in found.predictions:
        return None
    return (
        f"expected profit at {capacity}: money a date if a contact costs {effort.contact_cost:g} and keeps "
        f"{effort.success_rate:.0%} of those who would leave for {effort.months_kept:g} months of their MRR; "
        "assumed, not measured"
    )


def _segments(X: pd.DataFrame) -> pd.Series | None:
    """Return the column by which a verdict may differ most: how contracts are billed, or the segment."""
    for name in SEGMENTS:
        if name in X and 1 < X[name].nunique() <= MOST_SEGMENTS:
            values = X[name].astype(object)
            words = values.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value))
            return f"{name} " + words.where(values.notna(), "missing")
    return None


def _alarms(found: Backtest, X: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that look as if they had been written after the outcome."""
    own = found.metrics[(found.metrics["model"] == "model") & (found.metrics["metric"] == "roc_auc")]
    return leak_alarms(X, y, model_auc=float(own["value"].iloc[0]))


def _card_frame(card: ReportCard, assumed: str | None) -> pd.DataFrame:
    facts: dict[str, Any] = {
        "verdict": card.verdict,
        "rows tested": f"{card.rows:,}",
        "accounts": f"{card.accounts:,}",
        "accounts with the event": f"{card.events:,}",
        "effective rows": f"{card.effective_rows:,.0f}",
        "smallest AUC that would show": f"{card.detectable_auc:.2f}",
        "best simple rule": card.best_baseline or "none",
    }
    notes = [*card.notes, *([assumed] if assumed else [])]
    rows = [*facts.items(), *((f"note {number}", note) for number, note in enumerate(notes, 1))]
    return pd.DataFrame(rows, columns=["name", "value"])
