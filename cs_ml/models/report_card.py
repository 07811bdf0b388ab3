"""What the data can bear: events, the smallest gain that could be seen, and whether there is any signal at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from cs_ml.models.backtest import Backtest
from cs_ml.models.bootstrap import account_codes

__all__ = ["ReportCard", "detectable_auc", "report_card"]

SIGNAL = "usable signal"
NO_SIGNAL = "no usable signal"
NOT_KNOWABLE = "not knowable"
FEW_EVENTS, FEWEST = 15, 5  # accounts with the event: few, and too few for an interval


@dataclass(frozen=True)
class ReportCard:
    """A judgement of a backtest, with its grounds.

    Parameters
    ----------
    verdict
        ``usable signal``, ``no usable signal``, or ``not knowable`` where no event lies in the tested rows.
    rows, accounts, events
        Rows tested, distinct accounts in them, and distinct accounts with a positive row.
    effective_rows
        Independent rows that would know as much about the average log loss as these, given that rows of one account
        move together.
    detectable_auc
        Smallest AUC above 0.5 that so many events would show (two-sided 5 %, power 80 %).
    best_baseline
        Baseline with the lowest log loss apart from the base rate.
    beats_best_baseline
        Whether the interval of the log loss difference to it lies below zero.
    segments
        Columns segment, events, auc, low, high, verdict.
    notes
        Sentences for people.
    """

    verdict: str
    rows: int
    accounts: int
    events: int
    effective_rows: float
    detectable_auc: float
    best_baseline: str | None
    beats_best_baseline: bool | None
    segments: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def report_card(result: Backtest) -> ReportCard:
    """Judge a backtest.

    There is a usable signal when the interval of the AUC lies above 0.5 and that of the log loss difference to the
    base rate below zero. Whether the model is better than the best simple rule is said apart.

    Parameters
    ----------
    result
        A backtest whose baselines include ``base_rate``.

    Returns
    -------
    ReportCard
        Verdict and grounds.
    """
    predictions = result.predictions
    accounts = predictions.index.get_level_values("account_id")
    codes = account_codes(accounts, len(predictions))
    label = predictions["label"].to_numpy(dtype=np.float64)
    events = len(np.unique(codes[label == 1]))
    best = _best_baseline(result)
    beats = None if best is None else _below_zero(result, best)
    verdict = SIGNAL if _above_half(result) and _below_zero(result, "base_rate") else NO_SIGNAL
    verdict = verdict if events else NOT_KNOWABLE
    segments = _segments(result)
    return ReportCard(
        verdict,
        len(predictions),
        len(np.unique(codes)),
        events,
        effective_rows(predictions, codes),
        detectable_auc(events, len(np.unique(codes)) - events),
        best,
        beats,
        segments,
        _notes(result, verdict, events, best, beats, segments),
    )


def detectable_auc(events: int, others: int, *, power: float = 0.8, level: float = 0.95) -> float:
    """Return the smallest AUC above 0.5 that a sample would show.

    By the standard error of an AUC of 0.5 (Hanley and McNeil 1982): ``sqrt((n1 + n0 + 1) / (12 n1 n0))``.

    Parameters
    ----------
    events, others
        Independent positives and negatives.
    power
        Chance to see it.
    level
        Coverage of the two-sided interval.

    Returns
    -------
    float
        Between 0.5 and 1; NaN without events or others.

    Examples
    --------
    >>> round(detectable_auc(20, 280), 2)
    0.69
    """
    if min(events, others) < 1:
        return float("nan")
    error = np.sqrt((events + others + 1) / (12.0 * events * others))
    return float(min(0.5 + (norm.ppf(0.5 + level / 2) + norm.ppf(power)) * error, 1.0))


def effective_rows(predictions: pd.DataFrame, codes: Any) -> float:
    """Return how many independent rows would estimate the average log loss as well (Kish's design effect, 1965)."""
    p = np.clip(predictions["model"].to_numpy(dtype=np.float64), 1e-15, 1 - 1e-15)
    y = predictions["label"].to_numpy(dtype=np.float64)
    loss = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    sums = np.bincount(codes, weights=loss - loss.mean())
    clustered = float((sums**2).sum())
    plain = float(((loss - loss.mean()) ** 2).sum())
    return float(len(loss)) if clustered == 0.0 else float(min(len(loss) * plain / clustered, len(loss)))


def _value(table: pd.DataFrame, key: str, name: str, metric: str) -> pd.Series:
    found = table[(table[key] == name) & (table["metric"] == metric)]
    return found.iloc[0]


def _above_half(result: Backtest) -> bool:
    return bool(_value(result.metrics, "model", "model", "roc_auc")["low"] > 0.5)


def _below_zero(result: Backtest, baseline: str) -> bool:
    return bool(_value(result.differences, "baseline", baseline, "log_loss")["high"] < 0.0)


def _best_baseline(result: Backtest) -> str | None:
    losses = result.metrics[result.metrics["metric"] == "log_loss"].set_index("model")["value"]
    rivals = losses.drop(index=["model", "base_rate"], errors="ignore")
    return None if rivals.empty else str(rivals.idxmin())


def _segments(result: Backtest) -> pd.DataFrame:
    columns = ["segment", "events", "auc", "low", "high", "verdict"]
    if result.by_segment.empty:
        return pd.DataFrame(columns=columns)
    table = result.by_segment[result.by_segment["metric"] == "roc_auc"].rename(columns={"value": "auc"})
    verdicts = [_segment_verdict(row.events, row.low) for row in table.itertuples()]
    return table.assign(verdict=verdicts)[columns].reset_index(drop=True)


def _segment_verdict(events: Any, low: Any) -> str:
    if low > 0.5:
        return SIGNAL
    return f"{NO_SIGNAL}, and few events to show any" if events < FEW_EVENTS else NO_SIGNAL


def _notes(
    result: Backtest, verdict: str, events: int, best: str | None, beats: bool | None, segments: pd.DataFrame
) -> list[str]:
    auc = _value(result.metrics, "model", "model", "roc_auc")
    if not events:
        return [f"{verdict}: none of the {len(result.predictions):,} tested rows has the event; wait for outcomes"]
    notes = [f"{verdict}: AUC {auc['value']:.2f}{_span(auc)} on {_accounts(events)} with the event"]
    if events < FEW_EVENTS:
        notes.append(
            f"{_accounts(events)} with the event are few: intervals are wide, and rankings will change with the next "
            "quarter"
        )
    if best is not None and not beats:
        gap = _value(result.differences, "baseline", best, "log_loss")
        notes.append(
            f"not better than {best} within noise: log loss difference {gap['value']:+.4f}{_span(gap, '+.4f')}; "
            "prefer the simpler one"
        )
    silent = segments[segments["verdict"] != SIGNAL]
    notes += [
        f"{row['verdict']} within {row['segment']}: AUC {row['auc']:.2f}{_span(row)}"
        for row in silent.to_dict("records")
    ]
    if result.left_out:
        counts = ", ".join(f"{n:,} {state}" for state, n in result.left_out.items())
        notes.append(f"left out of every metric on the tested dates: {counts} rows")
    return notes


def _accounts(count: int) -> str:
    return f"{count:,} account{'' if count == 1 else 's'}"


def _span(row: Any, digits: str = ".2f") -> str:
    """Write an interval, or that there are too few events for one: resampling two or three says nothing."""
    if row["events"] < FEWEST or np.isnan(row["low"]) or np.isnan(row["high"]):
        return " (too few events for an interval)"
    return f" ({row['low']:{digits}} to {row['high']:{digits}})"
