"""What a bundle keeps of its health score, and what is told of it: what became of accounts, and who knew better."""

from __future__ import annotations

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.health import HealthScore
from cs_ml.health.checks import verdict_on
from cs_ml.pipeline.opinions import judge_opinions
from cs_ml.pipeline.snapshot import Snapshot

__all__ = ["health_lines", "health_tables"]

FEWEST = 5  # rows that left, below which no AUC is told
KEPT = (
    "weights", "reliability", "checks", "ranking", "segment_weights", "segment_reliability", "segment_checks",
    "segment_ranking",
)  # fmt: skip


def health_tables(snapshot: Snapshot, health: HealthScore) -> dict[str, pd.DataFrame]:
    """Return the tables of a health score that are saved with it, by name; none that is empty.

    Parameters
    ----------
    snapshot
        What it was learned from, with the tables that hold what people said.
    health
        Fitted score.
    """
    found = {name: getattr(health, f"{name}_") for name in KEPT}
    found["opinions"] = judge_opinions(snapshot.tables, health)
    return {f"health_{name}": frame for name, frame in found.items() if len(frame.columns)}


def health_lines(bundle: Bundle) -> list[str]:
    """Say what became of accounts by score, what the score rests on, and how people did beside it."""
    facts, lines = bundle.metadata["health"], ["health, out of time: what became of accounts by score"]
    lines += [f"  {sentence}" for sentence in _table(bundle, "reliability").get("sentence", [])]
    lines += [f"  {told}" for told in (facts["meaning"], facts["verdict"], *facts["notes"])]
    ranking, checks, opinions = (_table(bundle, name) for name in ("ranking", "checks", "opinions"))
    if len(ranking):
        lines += ["", "AUC, out of time, of the score and of others on the same rows", *_ranked(ranking)]
    if len(opinions):
        lines += ["", "what people said, judged against what happened, out of time", *_judged(opinions)]
    if len(checks):
        lines += ["", f"ship checks, out of time: {verdict_on(checks)}", *_checked(checks)]
    return [*lines, *_segments(bundle)]


def _segments(bundle: Bundle) -> list[str]:
    """Say what the scorecard of each segment promised, by its own weights, and what became of it."""
    lines, checks = [], _table(bundle, "segment_checks")
    ranking, reliability = (_table(bundle, name) for name in ("segment_ranking", "segment_reliability"))
    for name in checks.get("segment", pd.Series(dtype=str)).unique():
        held, ranked, kept = (part[part["segment"] == name] for part in (checks, ranking, reliability))
        lines += [
            "",
            f"segment {name}, by its own weights, out of time: {verdict_on(held)}",
            *_ranked(ranked, "AUC of "),
        ]
        lines += [f"  {sentence}" for sentence in kept["sentence"]] + _checked(held)
    return lines


def _table(bundle: Bundle, name: str) -> pd.DataFrame:
    named = f"health_{name}"
    return bundle.table(named).reset_index() if named in bundle.tables else pd.DataFrame()


def _ranked(ranking: pd.DataFrame, before: str = "") -> list[str]:
    return [
        f"  {before}{row.forecaster}: {row.auc:.3f} ({row.low:.3f} to {row.high:.3f})" for row in ranking.itertuples()
    ]


def _checked(checks: pd.DataFrame) -> list[str]:
    lines = []
    for row in checks.to_dict("records"):
        state = "not measured" if pd.isna(row["value"]) else "holds" if row["holds"] else "FAILS"
        lines.append(f"  {state}: {row['sentence']}")
    return lines


def _judged(opinions: pd.DataFrame) -> list[str]:
    """Set each kind of opinion beside the score on the rows where somebody had one."""
    lines = []
    for row in opinions.to_dict("records"):
        said = f"  {row['forecaster']}: held on {row['rows']:,.0f} rows of {row['accounts']:,.0f} accounts"
        said += f", of which {row['churned']:,.0f} left"
        if pd.isna(row["auc"]) or row["churned"] < FEWEST:
            lines.append(f"{said}; too few to judge")
            continue
        lines.append(
            f"{said}; AUC {row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f}), the score on the same rows "
            f"{row['auc_first']:.3f}, difference {row['gain']:+.3f} ({row['gain_low']:+.3f} to {row['gain_high']:+.3f})"
        )
    return lines
