"""Why one account is scored as it is, in lines of text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import Fault, InputError
from cs_ml.pipeline.naming import names_of
from cs_ml.pipeline.score import Scored, score
from cs_ml.pipeline.snapshot import Progress, silent
from cs_ml.report.said import Said
from cs_ml.report.words import Words

__all__ = ["explain", "explain_account"]

LEAVE = "p_leave_"
SHOWN = 0.0005  # what is less is written as zero


def explain(
    config: Config, account: str, as_of: Any = None, *, lang: str = "en", progress: Progress = silent
) -> list[str]:
    """Score a date and return the reasons of one account in lines of text."""
    if lang not in {"en", "ja"}:
        raise InputError(Fault("--lang", "en or ja", repr(lang)))
    return explain_account(score(config, as_of, progress=progress), account, lang=lang)


def explain_account(scored: Scored, account: str, *, lang: str = "en") -> list[str]:
    """Return the scores of one account, its drivers, and its points by theme, which add up from where they begin.

    Parameters
    ----------
    scored
        Scores of one date.
    account
        Account id.
    lang
        ``en`` or ``ja``.

    Raises
    ------
    InputError
        If the account was not scored.
    """
    known = scored.scores.index.get_level_values("account_id")
    if account not in known:
        date = scored.scores.index.get_level_values("as_of")[0].date()
        near = ", ".join(map(str, known[:3]))
        raise InputError(
            Fault(f"account {account}", f"a customer on {date}", "none", hint=f"customers are such as {near}")
        )
    row = scored.scores.xs(account, level="account_id").iloc[0]
    lines = [f"{account}  {scored.scores.index.get_level_values('as_of')[0].date()}", *_figures(row)]
    for target, themes in scored.themes.items():
        if f"p_{target}" in row and pd.isna(row[f"p_{target}"]):
            continue
        chosen = scored.drivers[(scored.drivers["account_id"] == account) & (scored.drivers["target"] == target)]
        unit = "points" if target == "health" else "log-odds"
        lines += ["", f"{target} ({unit})"]
        lines += [
            f"  {item.points:+8.3f}  {getattr(item, f'sentence_{lang}')}{'' if item.stable else ' (unstable sign)'}"
            for item in chosen.itertuples()
        ]
        start = scored.starts[target].xs(account, level="account_id").iloc[0]
        lines.append("  by theme: " + _sum(start, themes.xs(account, level="account_id").iloc[0]))
    said = Said(Words(lang), names_of(scored.fitted, lang))
    return [lines[0], *map(said, lines[1:])]


def _figures(row: pd.Series) -> list[str]:
    told = [name for name in row.index if name.startswith("p_") and name != "p_stay" and not name.startswith(LEAVE)]
    lines = [
        f"{name.removeprefix('p_')} "
        + (f"probability {row[name]:.1%}" if pd.notna(row[name]) else "not told: it cannot happen to this account")
        for name in told
    ]
    if "health" in row:
        health = row["health"]
        written = (
            f"health {health:.0f} ({row['health_low']:.0f} to {row['health_high']:.0f}), {row['band']}"
            if pd.notna(health)
            else f"health not scored: {row['health_reason']}"
        )
        lines.append(f"{written}; coverage {row['coverage']:.0%}")
    if "mrr" in row and pd.notna(row["mrr"]):
        lines.append(f"mrr {row['mrr']:,.0f}")
    return lines + _stay(row)


def _stay(row: pd.Series) -> list[str]:
    """Say how long the account may stay and what is at stake, where that was foreseen."""
    risks = ", ".join(
        f"{name.removeprefix(LEAVE)} days {row[name]:.1%}" for name in row.index if name.startswith(LEAVE)
    )
    lines = [f"leaves within {risks}"] if risks else []
    if pd.notna(row.get("stay_months")):
        lines.append(f"expected remaining stay {row['stay_months']:.0f} months{_between(row, 'stay_months')}")
    if pd.notna(row.get("at_stake")):
        lines.append(f"at stake {row['at_stake']:,.0f}{_between(row, 'at_stake')}: risk x mrr x remaining term")
    return lines


def _between(row: pd.Series, name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    return "" if pd.isna(low) or pd.isna(high) else f" ({low:,.0f} to {high:,.0f})"


def _sum(start: float, themes: pd.Series) -> str:
    """Write where the points begin, what each theme adds, and where that ends: at the health, or at the log-odds."""
    present = themes.dropna()
    if present.empty:
        return "none"
    parts = " ".join(f"{name} {value:+.3f}" for name, value in present.items() if abs(value) >= SHOWN)
    return f"start {start:.3f} {parts} = {start + np.sum(present.to_numpy()):.3f}".replace("  ", " ")
