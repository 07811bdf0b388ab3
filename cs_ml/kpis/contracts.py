"""What ran at the edges of each period: accounts, products, revenue, seats, and how they moved in between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, TableError
from cs_ml.kpis.options import KpiOptions
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lines import Lines, contract_lines
from cs_ml.timeline.periods import Periods

__all__ = ["Contracts", "Movements", "monthly_revenue"]


@dataclass(frozen=True)
class Movements:
    """MRR of each unit at both edges of each period, and what became of its account; shape (units, periods).

    A unit is an account, or a product of an account. What became of it is always said of the account: a product that
    is dropped by an account that stays is contraction.

    Parameters
    ----------
    opening, closing
        MRR at the start and at the end.
    kept, lost, new, returned
        Active at both edges; only at the start; only at the end, never before the period; only at the end, before.
    """

    opening: np.ndarray
    closing: np.ndarray
    kept: np.ndarray
    lost: np.ndarray
    new: np.ndarray
    returned: np.ndarray

    @property
    def expansion(self) -> np.ndarray:
        """Increases of those who stayed."""
        return np.where(self.kept, np.maximum(self.closing - self.opening, 0.0), 0.0)

    @property
    def contraction(self) -> np.ndarray:
        """Decreases of those who stayed."""
        return np.where(self.kept, np.maximum(self.opening - self.closing, 0.0), 0.0)

    @property
    def churned(self) -> np.ndarray:
        """What those who left had paid."""
        return np.where(self.lost, self.opening, 0.0)

    @property
    def started(self) -> np.ndarray:
        """What the new ones pay."""
        return np.where(self.new, self.closing, 0.0)

    @property
    def reactivated(self) -> np.ndarray:
        """What those pay who came back."""
        return np.where(self.returned, self.closing, 0.0)


class Contracts:
    """Contract lines of a book, looked at from the edges of periods.

    Parameters
    ----------
    rows
        Contract lines as they are known, with ``account``, the position of the account.
    n_accounts
        How many accounts there are.
    periods
        Spans of days.
    options
        Choices of the book.
    clock
        Calendar of the book.

    Raises
    ------
    TableError
        If there are several currencies and no rate for one of them.
    """

    def __init__(
        self, rows: pd.DataFrame, n_accounts: int, periods: Periods, options: KpiOptions, clock: Clock
    ) -> None:
        self.rows, self.n_accounts, self.periods, self.options, self.clock = rows, n_accounts, periods, options, clock
        account = rows["account"].to_numpy(dtype=np.int64)
        self.lines: Lines = contract_lines(rows, account, clock, options.grace_days)
        self.mrr = monthly_revenue(rows, options)[self.lines.row]
        product = rows["product"] if "product" in rows else pd.Series("", index=rows.index)
        codes, names = pd.factorize(product.fillna("").to_numpy(dtype=object), sort=True)
        self.product, self.products = codes[self.lines.row], np.asarray(names, dtype=object)
        self.days = np.unique(np.concatenate([periods.start, periods.end]))
        self.open_at, self.close_at = np.searchsorted(self.days, periods.start), np.searchsorted(self.days, periods.end)

    @cached_property
    def covered(self) -> tuple[np.ndarray, np.ndarray]:
        """Line and edge of every line that covers an edge, gaps within the grace period bridged."""
        return self.lines.covering(self.days)

    def at_edges(self, unit: np.ndarray, n_units: int, weight: np.ndarray | None = None) -> np.ndarray:
        """Return how many lines, or how much of a weight, each unit has at each edge, shape (units, edges)."""
        line, edge = self.covered
        weights = None if weight is None else weight[line]
        flat = np.bincount(unit[line] * len(self.days) + edge, weights, minlength=n_units * len(self.days))
        return np.asarray(flat.reshape(n_units, len(self.days)), dtype=float)

    def column(self, name: str) -> np.ndarray:
        """Return a numeric column by line; NaN where it is missing."""
        return np.asarray(self.rows[name].to_numpy(dtype=float)[self.lines.row])

    @cached_property
    def active(self) -> np.ndarray:
        """Whether each account has a line at each edge, shape (accounts, edges)."""
        return self.at_edges(self.lines.account, self.n_accounts) > 0

    @cached_property
    def active_open(self) -> np.ndarray:
        """Whether each account is active at the start, shape (accounts, periods)."""
        return self.active[:, self.open_at]

    @cached_property
    def active_close(self) -> np.ndarray:
        """Whether each account is active at the end, shape (accounts, periods)."""
        return self.active[:, self.close_at]

    @cached_property
    def first_start(self) -> np.ndarray:
        """First day of each account's first line."""
        return self.lines.first_start(self.n_accounts)

    @cached_property
    def owned(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit of each line, and account and product of each unit, where products are told apart."""
        keys, unit = np.unique(self.lines.account * len(self.products) + self.product, return_inverse=True)
        return unit, keys // max(len(self.products), 1), keys % max(len(self.products), 1)

    @cached_property
    def movements(self) -> Movements:
        """How accounts moved."""
        return self._movements(self.lines.account, np.arange(self.n_accounts))

    @cached_property
    def product_movements(self) -> Movements:
        """How the products of accounts moved; units as in ``owned``."""
        unit, account, _ = self.owned
        return self._movements(unit, account)

    def _movements(self, unit: np.ndarray, account: np.ndarray) -> Movements:
        money = self.at_edges(unit, len(account), self.mrr)
        before, after = self.active_open[account], self.active_close[account]
        fresh = ~before & after
        first = (self.first_start[:, None] >= self.periods.start[None, :])[account]
        return Movements(
            money[:, self.open_at],
            money[:, self.close_at],
            before & after,
            before & ~after,
            fresh & first,
            fresh & ~first,
        )

    def seats(self) -> np.ndarray:
        """Return the seats of each account at the end of each period; 0 where nothing says."""
        edges = self.at_edges(self.lines.account, self.n_accounts, np.nan_to_num(self.column("seats")))
        return np.asarray(edges[:, self.close_at])

    def highest(self, values: np.ndarray, unit: np.ndarray, n_units: int) -> np.ndarray:
        """Return the largest value among the lines of each unit at each edge; -inf without any."""
        line, edge = self.covered
        largest = np.full((n_units, len(self.days)), -np.inf)
        np.maximum.at(largest, (unit[line], edge), np.nan_to_num(values[line], nan=-np.inf))
        return largest

    def leading(self, name: str) -> np.ndarray:
        """Return the value of a text column on the line with the most MRR of each account at each edge."""
        values = self.rows[name].to_numpy(dtype=object)[self.lines.row]
        line, edge = self.covered
        order = np.lexsort((-line, self.mrr[line]))
        found = np.full((self.n_accounts, len(self.days)), None, dtype=object)
        found[self.lines.account[line[order]], edge[order]] = values[line[order]]  # the last assignment stays
        return found


def monthly_revenue(rows: pd.DataFrame, options: KpiOptions) -> np.ndarray:
    """Return the MRR of each line in the currency of the book.

    Raises
    ------
    TableError
        If there are several currencies and no rate for one of them.

    Examples
    --------
    >>> rows = pd.DataFrame({"mrr": [10.0, 10.0], "currency": ["USD", "EUR"]})
    >>> monthly_revenue(rows, KpiOptions(fx={"USD": 1.0, "EUR": 1.25})).tolist()
    [10.0, 12.5]
    """
    mrr = rows["mrr"].to_numpy(dtype=float)
    found = sorted(rows["currency"].dropna().unique()) if "currency" in rows else []
    missing = [name for name in found if name not in options.fx]
    if not missing:
        return mrr if not found else mrr * rows["currency"].map(options.fx).fillna(1.0).to_numpy(dtype=float)
    if len(found) == 1:
        return mrr
    lacking = rows[rows["currency"].isin(missing)]
    hint = "give kpis.fx the value of one unit of each in the currency of the book, such as {EUR: 1.08, USD: 1.0}"
    expected = "one currency, or a rate for each"
    raise TableError(Fault("contracts.currency", expected, ", ".join(found), len(lacking), hint))
