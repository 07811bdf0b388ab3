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
BITS = 60  # days a slice
SHORT = 1e11  # below it a quantity fits into 18 digits, 6 of them behind the point
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
    ) -> None:
        self._columns = tables.columns("usage")
        self._relation = tables.loaded["usage"].relation
        self._cursor = tables.connection.cursor()
        ids = pa.table({"account_id": pa.array(list(owner), pa.string()), "account": pa.array(owner.values())})
        self._cursor.register("owners", ids)
        self._cursor.register("days", _day_table(periods))
        self._cursor.execute("CREATE OR REPLACE TEMP TABLE period_days AS FROM days")
        self._where = _where(Clock(tables.zone), periods, cut)
        self._dated = f"JOIN period_days ON day = {_day_of('event_at', tables.zone)}"
        logins = ", ".join(literal(event) for event in sorted(login_events)) or "NULL"
        self._login = f"coalesce(event IN ({logins}), FALSE)" if "event" in self._columns else "FALSE"

    def sums(self) -> pd.DataFrame:
        """Return one row an account and period with usage: account, period, and what was counted."""
        user = "user_id" if "user_id" in self._columns else "CAST(NULL AS VARCHAR)"
        # one pass by the ids as they are, every day a bit; accounts are joined to what is left
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE user_slices AS SELECT account_id, {user} AS user_id, period, slice, "
            f"count(*) AS events, count_if({self._login}) AS logins, sum({self._quantity()}) AS quantity, "
            f"bit_or(bit) AS days, bit_or(CASE WHEN {self._login} THEN bit ELSE 0 END) AS login_days "
            f"FROM {self._relation} {self._dated} WHERE {self._where} GROUP BY ALL"
        )
        by_user = (
            "SELECT account, period, user_id, sum(events) AS events, sum(logins) AS logins, sum(quantity) AS quantity "
            "FROM user_slices JOIN owners USING (account_id) GROUP BY ALL"
        )
        by_slice = (
            "SELECT account, period, slice, bit_or(days) AS days, bit_or(login_days) AS login_days "
            "FROM user_slices JOIN owners USING (account_id) GROUP BY ALL"
        )
        by_day = (
            "SELECT account, period, sum(bit_count(days)) AS days, sum(bit_count(login_days)) AS login_days "
            f"FROM ({by_slice}) GROUP BY ALL"
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
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE feature_use AS SELECT DISTINCT account_id, period, feature "
            f"FROM {self._relation} {self._dated} WHERE {self._where} AND feature IS NOT NULL "
            "AND account_id IN (SELECT account_id FROM owners)"
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
        return self._frame(
            "SELECT DISTINCT account, period, code FROM feature_use "
            "JOIN features USING (feature) JOIN owners USING (account_id)"
        )

    def user_features(self, asked: pd.DataFrame) -> pd.DataFrame:
        """Return one row an account, period, user and feature used, for the users and periods that are asked for.

        Parameters
        ----------
        asked
            Columns ``user_id`` and ``period``.
        """
        _ = self.feature_names
        once = asked[["user_id", "period"]].drop_duplicates()
        columns = {"user_id": pa.array(once["user_id"], pa.string()), "period": pa.array(once["period"], pa.int32())}
        self._cursor.register("asked", pa.table(columns))
        return self._frame(
            f"SELECT DISTINCT account, period, user_id, code FROM {self._relation} {self._dated} "
            "JOIN asked USING (user_id, period) JOIN features USING (feature) JOIN owners USING (account_id) "
            f"WHERE {self._where} ORDER BY ALL"
        )

    def _quantity(self) -> str:
        """Return quantity as a decimal: decimals add up to the same whatever the order."""
        if "quantity" not in self._columns:
            return "NULL"
        (largest,) = self._cursor.sql(f"SELECT max(abs(quantity)) FROM {self._relation}").fetchall()[0]
        return f"CAST(quantity AS DECIMAL({18 if (largest or 0) < SHORT else 38}, 6))"

    def _frame(self, sql: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._cursor.sql(sql).to_arrow_table().to_pandas()
        whole = dict.fromkeys([name for name in WHOLE if name in frame], "int64")
        return frame.astype(whole | dict.fromkeys([name for name in REDUCED if name in frame], "float64"))


def _day_table(periods: Periods) -> pa.Table:
    """Return the days of each period, cut into slices in which each day is a bit of a whole number."""
    lengths = periods.end - periods.start
    period = np.repeat(np.arange(len(periods)), lengths)
    offset = np.arange(len(period)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = {"day": periods.start[period] + offset, "period": period, "slice": offset // BITS}
    whole = {name: pa.array(values.astype(np.int32)) for name, values in columns.items()}
    return pa.table({**whole, "bit": pa.array(np.left_shift(np.int64(1), offset % BITS))})


def _day_of(column: str, zone: str) -> str:
    local = column if zone == "UTC" else f"timezone({literal(zone)}, timezone('UTC', {column}))"
    return f"CAST(date_diff('day', DATE '1970-01-01', CAST({local} AS DATE)) AS INTEGER)"


def _where(clock: Clock, periods: Periods, cut: pd.Timestamp | None) -> str:
    first, last = clock.instant(np.array([periods.start.min(), periods.end.max()]))
    inside = f"event_at >= TIMESTAMP '{pd.Timestamp(first)}' AND event_at < TIMESTAMP '{pd.Timestamp(last)}'"
    return inside if cut is None else f"{inside} AND known_at < TIMESTAMP '{cut}'"
