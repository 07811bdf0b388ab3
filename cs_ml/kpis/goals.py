"""Goals above the KPIs: which feeds which, what was aimed at, and whether it was met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.kpis.catalog import KPIS
from cs_ml.kpis.groups import ALL
from cs_ml.kpis.table import KpiTable

__all__ = ["DEFAULT_GOALS", "Goal", "goal_tree", "require_tree"]


@dataclass(frozen=True)
class Goal:
    """A KPI with a target, and the goals that feed it.

    Parameters
    ----------
    kpi
        Name, or ``name/definition``.
    target
        What is aimed at in one period; no status without it.
    at_least
        Whether the KPI should be at least, or at most, the target.
    feeds
        KPIs that this one feeds; none for a goal at the top (KGI).

    Examples
    --------
    >>> Goal("churn_rate", 0.02, at_least=False, feeds=("nrr",)).key
    'churn_rate/standard'
    """

    kpi: str
    target: float | None = None
    at_least: bool = True
    feeds: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name and definition."""
        return self.kpi if "/" in self.kpi else f"{self.kpi}/standard"


DEFAULT_GOALS = (
    Goal("recurring_revenue"),
    Goal("sales"),
    Goal("ltv"),
    Goal("mrr", feeds=("recurring_revenue",)),
    Goal("new_deals", feeds=("sales",)),
    Goal("new_mrr", feeds=("mrr",)),
    Goal("nrr", feeds=("mrr",)),
    Goal("arpa", feeds=("ltv",)),
    Goal("churn_rate", at_least=False, feeds=("ltv", "nrr")),
    Goal("expansion_mrr", feeds=("nrr",)),
    Goal("renewal_rate", feeds=("churn_rate",)),
    Goal("nps", feeds=("churn_rate",)),
    Goal("csat", feeds=("churn_rate",)),
    Goal("first_contact_resolution", feeds=("csat",)),
    Goal("onboarding_completion_rate", feeds=("churn_rate",)),
    Goal("utilisation_level", feeds=("churn_rate",)),
    Goal("login_rate", feeds=("utilisation_level",)),
    Goal("upsell_rate", feeds=("expansion_mrr",)),
    Goal("cross_sell_rate", feeds=("expansion_mrr",)),
)


def require_tree(goals: Sequence[Goal]) -> None:
    """Hold that goals name KPIs, feed goals, and end at a top.

    Raises
    ------
    ConfigError
        With everything that is wrong.
    """
    names = {goal.key for goal in goals}
    faults = [Fault(f"goal {goal.kpi}", "a KPI of the catalog", repr(goal.kpi), hint="see cs-ml kpi --list")
              for goal in goals if goal.key not in KPIS]  # fmt: skip
    twice = sorted({goal.key for goal in goals if [other.key for other in goals].count(goal.key) > 1})
    faults += [Fault(f"goal {name}", "one goal a KPI", "several") for name in twice]
    for goal in goals:
        unknown = [fed for fed in goal.feeds if Goal(fed).key not in names]
        faults += [Fault(f"goal {goal.kpi}", "feeds that are goals themselves", repr(fed)) for fed in unknown]
    if not faults and {goal.key for goal, *_ in _walk(goals)} != names:
        faults.append(Fault("goals", "a tree that ends at a top", "goals that feed each other in a circle"))
    if faults:
        raise ConfigError(faults)


def goal_tree(table: KpiTable, goals: Sequence[Goal] = DEFAULT_GOALS, *, period_start: Any = None) -> pd.DataFrame:
    """Return goals from the top down, each below what it feeds, with value, target and status.

    Parameters
    ----------
    table
        KPIs of the book.
    goals
        Goals and what they feed; one that feeds two is shown below both.
    period_start
        First day of the period; the newest settled period of each KPI where missing, or else the newest one.

    Returns
    -------
    pandas.DataFrame
        depth, kpi, definition, feeds, period_start, value, low, high, target, status: ``met``, ``missed``,
        ``unsure`` (the interval holds the target), ``no target``, ``no value``, ``absent``.

    Raises
    ------
    ConfigError
        If the goals are no tree.
    """
    require_tree(goals)
    whole = table.frame[table.frame["by"] == ALL]
    found = {key: rows for key, rows in whole.groupby(whole["kpi"] + "/" + whole["definition"], sort=False)}  # noqa: C416
    rows = [(depth, *goal.key.split("/"), above, *_judged(goal, found.get(goal.key), period_start))
            for goal, depth, above in _walk(goals)]  # fmt: skip
    columns = ["depth", "kpi", "definition", "feeds", "period_start", "value", "low", "high", "target", "status"]
    return pd.DataFrame(rows, columns=columns)


def _walk(goals: Sequence[Goal], above: str = "", depth: int = 0) -> Iterator[tuple[Goal, int, str]]:
    if depth > len(goals):
        return
    for goal in goals:
        fed = [Goal(name).key for name in goal.feeds]
        if above in fed or (not above and not fed):
            yield goal, depth, above.partition("/")[0]
            yield from _walk(goals, goal.key, depth + 1)


def _judged(goal: Goal, rows: pd.DataFrame | None, period_start: Any) -> tuple[Any, ...]:
    if rows is None:
        return pd.NaT, np.nan, np.nan, np.nan, goal.target, "absent"
    if period_start is not None:
        chosen = rows[rows["period_start"] == pd.Timestamp(period_start)]
    else:
        chosen = rows[rows["settled"]] if rows["settled"].any() else rows
    if chosen.empty:
        return pd.NaT, np.nan, np.nan, np.nan, goal.target, "absent"
    last = chosen.sort_values("period_start").iloc[-1]
    value, low, high = (float(last[name]) for name in ("value", "low", "high"))
    return last["period_start"], value, low, high, goal.target, _status(goal, value, low, high)


def _status(goal: Goal, value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return "no value"
    if goal.target is None:
        return "no target"
    if low <= goal.target <= high and value != goal.target:
        return "unsure"
    return "met" if (value >= goal.target if goal.at_least else value <= goal.target) else "missed"
