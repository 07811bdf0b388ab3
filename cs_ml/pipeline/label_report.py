"""What the outcomes look like: states by date, the base rate with its interval, and whether it has moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.labels.state import count_states
from cs_ml.models import base_rate_drift, wilson
from cs_ml.pipeline.snapshot import Snapshot
from cs_ml.timeline import as_of_dates

__all__ = ["describe_labels", "label_states", "label_tables", "rate_drift"]

SHOWN = 12  # newest dates told line by line
LATELY = 4  # the newest quarter of the known dates is lately


def label_tables(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return ``<target>_states`` and, where two dates are known, ``<target>_rate_drift`` of every target.

    Accounts that had given notice are left out, as they are where a model learns.
    """
    found: dict[str, pd.DataFrame] = {}
    for target, labels in snapshot.labels.items():
        kept = labels[~snapshot.spine["notice_given"].to_numpy(dtype=bool)]
        found[f"{target}_states"] = label_states(kept)
        drift = rate_drift(kept)
        found |= {} if drift is None else {f"{target}_rate_drift": drift}
    return found


def label_states(labels: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows are in each state by date, and the base rate of those that are known.

    Parameters
    ----------
    labels
        Label frame by (account_id, as_of).

    Returns
    -------
    pandas.DataFrame
        ``as_of``, ``events`` and ``without`` (states 1 and 0), ``immature``, ``censored``, ``base_rate``, and ``low``
        and ``high``, its 95 % interval (Wilson 1927; an account is on a date but once). Rates of dates without known
        rows are missing.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"])
    >>> labels = pd.DataFrame({"label": [1.0, 0.0], "state": ["1", "0"]}, index=index)
    >>> label_states(labels)[["events", "without", "base_rate"]].to_numpy().tolist()
    [[1.0, 1.0, 0.5]]
    """
    counts = count_states(labels).rename(columns={"1": "events", "0": "without"}).reset_index()
    counts.columns.name = None
    counts.columns = pd.Index([str(name) for name in counts.columns])
    known = counts["events"] + counts["without"]
    rate = (counts["events"] / known.where(known > 0)).astype(np.float64)
    ends = [wilson(one, n) if n else (np.nan, np.nan) for one, n in zip(rate, known, strict=True)]
    low, high = zip(*ends, strict=True) if ends else ((), ())
    return counts.assign(base_rate=rate, low=low, high=high)


def rate_drift(labels: pd.DataFrame) -> pd.DataFrame | None:
    """Return the base rate of the newest quarter of the known dates beside the one before, see ``base_rate_drift``.

    Returns
    -------
    pandas.DataFrame or None
        One row: since, before, lately, difference, low, high, drifted; None where fewer than two dates are known.
    """
    known = labels[labels["label"].notna()]
    dates = as_of_dates(known)
    unique = dates.unique().sort_values()
    if len(unique) < 2:
        return None
    newest = unique[-max(len(unique) // LATELY, 1) :]
    accounts = known.index.get_level_values("account_id")
    found = base_rate_drift(known["label"], dates.isin(newest), accounts)
    found.insert(0, "since", [newest[0]])
    return found


def describe_labels(bundle: Bundle) -> list[str]:
    """Return in lines of text the states and base rates of every target by date, the newest dates one by one."""
    lines = []
    for target in [name.removesuffix("_states") for name in bundle.tables if name.endswith("_states")]:
        states = bundle.table(f"{target}_states")
        older, newer = states.iloc[:-SHOWN], states.tail(SHOWN).to_dict("records")
        lines += ["", f"{target}, labels by date: {_counted(states)}"]
        lines += [f"  {len(older)} dates until {_day(older.iloc[-1])}: {_counted(older)}"] if len(older) else []
        lines += [*(f"  {_day(row)}: {_one(row)}" for row in newer), *_drift_line(bundle, target)]
    return lines


def _drift_line(bundle: Bundle, target: str) -> list[str]:
    if f"{target}_rate_drift" not in bundle.tables:
        return []
    row = bundle.table(f"{target}_rate_drift").iloc[0]
    since, verdict = _day(row, "since"), "it has moved" if row["drifted"] else "no move that would show"
    moved = f"{row['difference']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})"
    return [f"  base rate {row['before']:.1%} before {since}, {row['lately']:.1%} since: {moved}, {verdict}"]


def _counted(states: pd.DataFrame) -> str:
    events, without = int(states["events"].sum()), int(states["without"].sum())
    others = ", ".join(f"{int(states[name].sum()):,} {name}" for name in ("immature", "censored"))
    rate = f"{events / (events + without):.1%}" if events + without else "unknown"
    return f"{events:,} with the event, {without:,} without, {others}; base rate {rate}"


def _one(row: dict[Any, Any]) -> str:
    counts = (
        f"{row['events']} of {row['events'] + row['without']}, {row['immature']} immature, {row['censored']} censored"
    )
    if pd.isna(row["base_rate"]):
        return counts
    return f"{counts}; base rate {row['base_rate']:.1%} ({row['low']:.1%} to {row['high']:.1%})"


def _day(row: Any, name: str = "as_of") -> str:
    return str(pd.Timestamp(row[name]).date())
