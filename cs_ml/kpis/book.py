"""A book as KPIs see it: accounts by position, tables as they were known, everything read once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, TableError
from cs_ml.kpis.contracts import Contracts, Movements
from cs_ml.kpis.options import KpiOptions
from cs_ml.tables import SCHEMAS, Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.known import known_rows
from cs_ml.timeline.period_usage import UsageByPeriod
from cs_ml.timeline.periods import Periods

__all__ = ["Book"]


class Book:
    """Source tables, periods and choices from which every KPI is counted.

    Parameters
    ----------
    tables
        Checked source tables.
    periods
        Spans of days.
    options
        Choices of the book.
    cut
        Day before which everything must have been known; all is known where it is missing.
    raw
        Tables already read, shared between books that differ in what was known.

    Raises
    ------
    TableError
        If parents form a circle, where children count under their parent.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> from cs_ml.timeline.periods import make_periods
    >>> line = {"contract_line_id": "c", "account_id": "a", "start_at": "2026-01-10", "mrr": 100}
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "contracts": pd.DataFrame([line])})
    >>> book = Book(tables, make_periods("2026-01-01", "2026-03-01"))
    >>> book.movements.closing.tolist()
    [[100.0, 100.0]]
    """

    def __init__(
        self,
        tables: Tables,
        periods: Periods,
        options: KpiOptions | None = None,
        cut: int | None = None,
        raw: dict[str, pd.DataFrame] | None = None,
    ) -> None:
        self.tables, self.periods, self.options = tables, periods, options or KpiOptions()
        self.clock = Clock(tables.zone)
        self.cut = None if cut is None else pd.Timestamp(self.clock.instant(np.array([cut]))[0])
        data_end = int(Clock.date(tables.data_end))
        self.known_until = data_end if cut is None else min(cut, data_end)
        self.by_product = False
        ids = tables.accounts()
        roots = self._roots(ids) if self.options.rollup else dict(zip(ids, ids, strict=True))
        self.accounts = np.unique(np.asarray(list(roots.values()), dtype=object))
        places = {name: place for place, name in enumerate(self.accounts)}
        self.owner = {str(account): places[root] for account, root in roots.items()}
        self._frames: dict[str, pd.DataFrame] = {}
        self._raw = {} if raw is None else raw
        self._made: dict[str, Any] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """Accounts and periods."""
        return len(self.accounts), len(self.periods)

    def lacks(self, needs: tuple[str, ...]) -> list[str]:
        """Return the tables and columns, written ``table`` or ``table.column``, that are absent.

        Where events are told apart and none of them is a login, it is a login that is absent.
        """
        missing = []
        for table, dot, column in (need.partition(".") for need in needs):
            if table not in self.tables:
                missing.append(table)
            elif column and column not in self.tables.columns(table):
                missing.append(table + dot + column)
            elif (table, column) == ("usage", "event") and not self.has_logins:
                missing.append("a login in usage.event")
        return list(dict.fromkeys(missing))

    @cached_property
    def has_logins(self) -> bool:
        """Whether any event of the tables is a login."""
        kinds = set(self.tables.query("SELECT DISTINCT event FROM {usage}")["event"])
        return not kinds or bool(kinds & set(self.options.login_events))

    def frame(self, name: str) -> pd.DataFrame:
        """Return the rows of a table as they were known, with the position of their account."""
        if name not in self._frames:
            if name not in self._raw:
                self._raw[name] = self.tables.frame(name)
            rows = known_rows(self._raw[name], SCHEMAS[name], self.cut)
            if "account_id" in rows:
                place = rows["account_id"].map(self.owner)
                rows = (
                    rows[place.notna().to_numpy()]
                    .assign(account=place.dropna().astype(np.int64))
                    .reset_index(drop=True)
                )
            self._frames[name] = rows
        return self._frames[name]

    def day(self, name: str, column: str) -> np.ndarray:
        """Return the calendar day of an instant column; the smallest int64 where it is missing."""
        return self.clock.day(self.frame(name)[column])

    @cached_property
    def contracts(self) -> Contracts:
        """Contract lines seen from the edges of the periods."""
        return Contracts(self.frame("contracts"), len(self.accounts), self.periods, self.options, self.clock)

    @property
    def movements(self) -> Movements:
        """MRR at both edges by account, or by account and product where products are told apart."""
        return self.contracts.product_movements if self.by_product else self.contracts.movements

    def with_products(self) -> Book:
        """Return the same book with products told apart; what was read is shared."""
        book = copy.copy(self)
        book.by_product = True
        return book

    @cached_property
    def reader(self) -> UsageByPeriod:
        """Usage by period."""
        return UsageByPeriod(self.tables, self.periods, self.owner, self.options.login_events, self.cut)

    @cached_property
    def used(self) -> dict[str, np.ndarray]:
        """What was counted in usage by name, each of shape (accounts, periods)."""
        sums = self.reader.sums()
        return {str(name): self.table(sums, sums[name]) for name in sums if name not in {"account", "period"}}

    def once(self, name: str, make: Callable[[Book], Any]) -> Any:
        """Return what a function makes of the book, made once."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    @cached_property
    def present(self) -> np.ndarray:
        """Whether each account is a customer at the end of each period, shape (accounts, periods).

        Without contracts, whoever has used the product in the period or before is one.
        """
        if "contracts" in self.tables:
            return self.contracts.active_close
        return np.asarray(np.cumsum(self.used["events"] > 0, axis=1) > 0)

    def table(self, rows: pd.DataFrame, weight: pd.Series | np.ndarray | None = None) -> np.ndarray:
        """Return rows by account and period, counted or weighted, shape (accounts, periods)."""
        n_accounts, n_periods = self.shape
        flat = rows["account"].to_numpy(dtype=np.int64) * n_periods + rows["period"].to_numpy(dtype=np.int64)
        weights = None if weight is None else np.nan_to_num(np.asarray(weight, dtype=float))
        return np.bincount(flat, weights, minlength=n_accounts * n_periods).reshape(n_accounts, n_periods).astype(float)

    def _roots(self, ids: np.ndarray) -> dict[str, str]:
        """Return the topmost parent of each account; a parent without a row of its own does not count."""
        if "parent_id" not in self.tables.columns("accounts"):
            return dict(zip(ids, ids, strict=True))
        rows = self.tables.frame("accounts").drop_duplicates("account_id", keep="last")
        known = rows[rows["parent_id"].isin(set(ids))]
        above = dict(zip(known["account_id"], known["parent_id"], strict=True))
        roots = dict(zip(ids, ids, strict=True))
        for _ in range(len(ids)):
            moved = {account: above.get(root, root) for account, root in roots.items()}
            if moved == roots:
                return roots
            roots = moved
        circle = sorted(account for account, root in roots.items() if above.get(root, root) != root)
        raise TableError(Fault("accounts.parent_id", "parents that end somewhere", f"a circle at {circle[0]}",
                               len(circle), "correct parent_id"))  # fmt: skip
