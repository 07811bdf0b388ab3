"""Usage reduced to periods: one pass over the big table, distinct counts exact, sums independent of order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from cs_ml.tables.sql import literal
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.periods import Periods

__all__ = ["UsageByPeriod"]

WHOLE = ("account", "period", "code")
REDUCED = ("events", "logins", "quantity", "users", "login_users", "days", "login_days")


class UsageByPeriod:
    """What accounts did in each period, as far as it was known.

    Parameters
    ----------
    tables
        Checked source tables with ``usage``.
    periods
        Spans of days of the book's calendar.
    owner
        Position of the account under which each account is counted, by account id.
    login_events
        Values of ``usage.event`` that are logins.
    cut
        UTC instant before which a row must have been known; all rows count where it is missing.
    respondents
        Users whose features are told apart.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> from cs_ml.timeline.periods import make_periods
    >>> events = {"account_id": ["a", "a"], "event_at": ["2026-01-05", "2026-01-05T09:00"], "user_id": ["u", "v"]}
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": pd.DataFrame(events)})
    >>> used = UsageByPeriod(tables, make_periods("2026-01-01", "2026-02-01"), {"a": 0}, ["login"]).sums()
    >>> used[["events", "users", "days"]].to_numpy().tolist()
    [[2.0, 2.0, 1.0]]
    """

    def __init__(
        self,
        tables: Tables,
        periods: Periods,
        owner: dict[str, int],
        login_events: Iterable[str],
        cut: pd.Timestamp | None = None,
        respondents: Iterable[str] = (),
    ) -> None:
        self._columns = tables.columns("usage")
        self._relation = tables.loaded["usage"].relation
        self._cursor = tables.connection.cursor()
        ids = pa.table({"account_id": pa.array(list(owner), pa.string()), "account": pa.array(owner.values())})
        self._cursor.register("owners", ids)
        self._cursor.register("period_days", _day_table(periods))
        self._cursor.register("respondents", pa.table({"user_id": pa.array(sorted(set(respondents)), pa.string())}))
        self._where = _where(Clock(tables.zone), periods, cut)
        self._day = _day_of("event_at", tables.zone)
        logins = ", ".join(literal(event) for event in sorted(login_events)) or "NULL"
        self._login = f"coalesce(event IN ({logins}), FALSE)" if "event" in self._columns else "FALSE"

    def sums(self) -> pd.DataFrame:
        """Return one row an account and period with usage: account, period, and what was counted."""
        user = "user_id" if "user_id" in self._columns else "CAST(NULL AS VARCHAR)"
        # decimals add up to the same whatever the order
        quantity = "CAST(quantity AS DECIMAL(38, 6))" if "quantity" in self._columns else "NULL"
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE user_days AS SELECT account, {self._day} AS day, {user} AS user_id, "
            f"count(*) AS events, count_if({self._login}) AS logins, sum({quantity}) AS quantity "
            f"FROM {self._relation} JOIN owners USING (account_id) WHERE {self._where} GROUP BY ALL"
        )
        by_user = (
            "SELECT account, period, user_id, sum(events) AS events, sum(logins) AS logins, sum(quantity) AS quantity "
            "FROM user_days JOIN period_days USING (day) GROUP BY ALL"
        )
        by_day = (
            "SELECT account, period, count(DISTINCT day) AS days, "
            "count(DISTINCT day) FILTER (logins > 0) AS login_days "
            "FROM user_days JOIN period_days USING (day) GROUP BY ALL"
        )
        return self._frame(
            "SELECT account, period, sum(events) AS events, sum(logins) AS logins, sum(quantity) AS quantity, "
            "count(user_id) AS users, count_if(user_id IS NOT NULL AND logins > 0) AS login_users, "
            f"any_value(days) AS days, any_value(login_days) AS login_days FROM ({by_user}) "
            f"JOIN ({by_day}) USING (account, period) GROUP BY account, period ORDER BY period, account"
        )

    @cached_property
    def feature_names(self) -> np.ndarray:
        """Names of all features used in any period, sorted."""
        user = "CASE WHEN user_id IN (SELECT user_id FROM respondents) THEN user_id END"
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE feature_use AS SELECT account, period, feature, "
            f"{user if 'user_id' in self._columns else 'NULL'} AS user_id FROM {self._relation} "
            f"JOIN owners USING (account_id) JOIN period_days ON day = {self._day} "
            f"WHERE {self._where} AND feature IS NOT NULL GROUP BY ALL"
        )
        found = self._frame("SELECT DISTINCT feature FROM feature_use ORDER BY feature")
        names = np.asarray(found["feature"], dtype=object)
        self._cursor.register(
            "features", pa.table({"feature": pa.array(names, pa.string()), "code": range(len(names))})
        )
        return names

    def features(self) -> pd.DataFrame:
        """Return one row an account, period and feature that was used; ``code`` is its place in the names."""
        _ = self.feature_names
        return self._frame("SELECT DISTINCT account, period, code FROM feature_use JOIN features USING (feature)")

    def user_features(self) -> pd.DataFrame:
        """Return one row an account, period, respondent and feature used."""
        _ = self.feature_names
        return self._frame(
            "SELECT account, period, user_id, code FROM feature_use JOIN features USING (feature) "
            "WHERE user_id IS NOT NULL ORDER BY ALL"
        )

    def _frame(self, sql: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._cursor.sql(sql).to_arrow_table().to_pandas()
        whole = dict.fromkeys([name for name in WHOLE if name in frame], "int64")
        return frame.astype(whole | dict.fromkeys([name for name in REDUCED if name in frame], "float64"))


def _day_table(periods: Periods) -> pa.Table:
    lengths = periods.end - periods.start
    period = np.repeat(np.arange(len(periods)), lengths)
    offset = np.arange(len(period)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    day = (periods.start[period] + offset).astype(np.int32)
    return pa.table({"day": pa.array(day), "period": pa.array(period.astype(np.int32))})


def _day_of(column: str, zone: str) -> str:
    local = column if zone == "UTC" else f"timezone({literal(zone)}, timezone('UTC', {column}))"
    return f"CAST(date_diff('day', DATE '1970-01-01', CAST({local} AS DATE)) AS INTEGER)"


def _where(clock: Clock, periods: Periods, cut: pd.Timestamp | None) -> str:
    first, last = clock.instant(np.array([periods.start.min(), periods.end.max()]))
    inside = f"event_at >= TIMESTAMP '{pd.Timestamp(first)}' AND event_at < TIMESTAMP '{pd.Timestamp(last)}'"
    return inside if cut is None else f"{inside} AND known_at < TIMESTAMP '{cut}'"
