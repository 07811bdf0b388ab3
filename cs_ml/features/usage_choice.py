"""What is decided about usage once, before anything is learned: features looked at one by one, logins, hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cs_ml.tables.tables import Tables
from cs_ml.timeline.usage_known import usage_known

__all__ = ["UsageChoice", "choose_usage", "top_features"]

TOP = 8
CLOCKS = 2  # days begin at no more than so many times of day in UTC, even where clocks change


@dataclass(frozen=True)
class UsageChoice:
    """Decides which columns usage gives; kept with a model, so that it is scored on the columns it was trained on.

    Parameters
    ----------
    top_features
        Features of the product looked at one by one.
    logins
        Whether any event is a login.
    business_hours
        Whether events carry a time of day.

    Examples
    --------
    >>> UsageChoice.from_state(UsageChoice(("dashboard",)).to_state())
    UsageChoice(top_features=('dashboard',), logins=True, business_hours=False)
    """

    top_features: tuple[str, ...] = ()
    logins: bool = True
    business_hours: bool = False

    def to_state(self) -> dict[str, Any]:
        """Return what can be written as JSON."""
        return {
            "top_features": list(self.top_features),
            "logins": self.logins,
            "business_hours": self.business_hours,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> UsageChoice:
        """Return the choice that was written."""
        return cls(tuple(state["top_features"]), bool(state["logins"]), bool(state["business_hours"]))


def top_features(tables: Tables, *, until: Any, n: int = TOP) -> tuple[str, ...]:
    """Return the features that most accounts used, as known before a date.

    Parameters
    ----------
    tables
        Checked source tables.
    until
        First day that is not looked at: that of the first test.
    n
        How many features; fewer where there are not so many.

    Returns
    -------
    tuple of str
        By falling number of accounts, then of events, then by name; empty where usage tells no features apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from cs_ml.tables import open_tables
    >>> usage = pd.DataFrame({"account_id": ["a", "b", "a"], "event_at": ["2026-01-03", "2026-01-05", "2026-02-02"],
    ...                       "feature": ["search", "search", "export"]})
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a", "b"]}), "usage": usage})
    >>> top_features(tables, until="2026-02-01"), top_features(tables, until="2026-03-01", n=1)
    (('search',), ('search',))
    """
    if "feature" not in tables.columns("usage") or n < 1:
        return ()
    found = tables.query(
        f"SELECT feature FROM {usage_known(tables, until)} WHERE feature IS NOT NULL GROUP BY feature "  # noqa: S608
        f"ORDER BY count(DISTINCT account_id) DESC, count(*) DESC, feature LIMIT {int(n)}"
    )
    return tuple(map(str, found["feature"]))


def choose_usage(
    tables: Tables,
    *,
    until: Any,
    top: int | Sequence[str] = TOP,
    login_events: Collection[str] = frozenset({"login"}),
) -> UsageChoice:
    """Decide which columns usage gives, from what was known before a date.

    Parameters
    ----------
    tables
        Checked source tables.
    until
        First day that is not looked at: that of the first test.
    top
        How many features to look at one by one, or which.
    login_events
        Values of ``usage.event`` that are logins. Where events are known and none of them is one, features of logins
        are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cs_ml.tables import open_tables
    >>> usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-03"], "event": ["click"]})
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": usage})
    >>> choose_usage(tables, until="2026-02-01"), choose_usage(tables, until="2026-01-01").logins
    (UsageChoice(top_features=(), logins=False, business_hours=False), True)
    """
    if "usage" not in tables:
        return UsageChoice()
    known = usage_known(tables, until)
    chosen = top_features(tables, until=until, n=top) if isinstance(top, int) else tuple(top)
    logins = True
    if "event" in tables.columns("usage"):
        kinds = set(tables.query(f"SELECT DISTINCT event FROM {known}")["event"])  # noqa: S608
        logins = not kinds or bool(kinds & set(login_events))
    clocks = tables.query(f"SELECT DISTINCT epoch_us(event_at) % 86400000000 AS clock FROM {known} LIMIT {CLOCKS + 1}")  # noqa: S608
    return UsageChoice(chosen, logins, len(clocks) > CLOCKS)
