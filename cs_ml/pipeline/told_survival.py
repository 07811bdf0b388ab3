"""What is told of foreseen stays: how good they are on later dates, beside Kaplan and Meier."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.models.report_card import FEWEST

__all__ = ["describe_survival"]


def describe_survival(bundle: Bundle) -> list[str]:
    """Return in lines of text how good the foreseen stays are; nothing where there are none."""
    if "survival_curve" not in bundle.tables:
        return []
    lines = ["", "how long accounts stay, out of time; the share that stays, beside Kaplan-Meier of the same rows"]
    lines += [f"  {row.days} days: {row.foreseen:.1%} foreseen, {_happened(row)}" for row in _lines(bundle, "curve")]
    lines.append("leaving within a horizon, out of time, beside the rate of the past (Kaplan-Meier)")
    for row in _lines(bundle, "judged"):
        name = f"{row.days} days, {row.metric}, {row.model}"
        lines.append(f"  {name}: {row.value:.4f} ({_span(row)}); {row.events} of {row.rows} rows left")
    return lines


def _lines(bundle: Bundle, name: str) -> list[Any]:
    return list(bundle.table(f"survival_{name}").itertuples())


def _span(row: Any) -> str:
    return "too few events" if row.events < FEWEST or row.low == row.high else f"{row.low:.4f} to {row.high:.4f}"


def _happened(row: Any) -> str:
    if pd.isna(row.happened):
        return "not seen by anybody yet"
    span = "" if pd.isna(row.low) else f" ({row.low:.1%} to {row.high:.1%})"
    return f"{row.happened:.1%} happened{span}"
