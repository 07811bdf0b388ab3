"""Retention triangles: how much of each cohort is still there, by age, in accounts and in revenue."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from cs_ml.kpis.book import Book
from cs_ml.kpis.intervals import wilson
from cs_ml.kpis.options import KpiOptions
from cs_ml.tables import Tables
from cs_ml.timeline.lookup import ratio
from cs_ml.timeline.periods import Periods

__all__ = ["retention_triangle"]


def retention_triangle(
    tables: Tables, periods: Periods, *, of: Literal["accounts", "mrr"] = "accounts", options: KpiOptions | None = None
) -> pd.DataFrame:
    """Return what is left of each cohort at the end of its own and of every later period.

    Parameters
    ----------
    tables
        Checked source tables with ``contracts``.
    periods
        Periods of one calendar, ascending. An account belongs to the cohort of its very first contract.
    of
        ``accounts``, or ``mrr``: revenue at the end over that of the first day, which expansion may bring above 1.
    options
        Choices behind the definitions.

    Returns
    -------
    pandas.DataFrame
        cohort (first day), age (periods), period_end, numerator, denominator, value, low, high; nothing beyond the
        end of the data.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> from cs_ml.timeline.periods import make_periods
    >>> lines = pd.DataFrame({"contract_line_id": ["c", "d"], "account_id": ["a", "b"], "mrr": [100, 50],
    ...                       "start_at": ["2026-01-05"] * 2, "end_at": ["2027-01-01", "2026-02-20"]})
    >>> tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a", "b"]}), "contracts": lines},
    ...                      data_end="2026-04-01")
    >>> triangle = retention_triangle(tables, make_periods("2026-01-01", "2026-03-01"))
    >>> triangle[["age", "value"]].to_numpy().tolist()
    [[0.0, 1.0], [1.0, 0.5]]
    """
    book = Book(tables, periods, options)
    contracts, n_periods = book.contracts, len(periods)
    account, cohort = periods.within(contracts.first_start)
    if of == "accounts":
        begun, there = np.ones(len(account)), contracts.active_close[account].astype(float)
    else:
        begun, there = _first_mrr(book)[account], contracts.movements.closing[account]
    size = np.bincount(cohort, begun, minlength=n_periods)
    left = np.zeros((n_periods, n_periods))
    np.add.at(left, cohort, there)
    first, last = np.nonzero(
        np.triu(np.ones((n_periods, n_periods), bool)) & periods.settled(book.known_until)[None, :]
    )
    above, below = left[first, last], size[first]
    some = below > 0
    low, high = wilson(above, below) if of == "accounts" else (np.full(len(above), np.nan),) * 2
    dates = periods.dates()
    frame = pd.DataFrame({
        "cohort": dates["period_start"].to_numpy()[first], "age": last - first,
        "period_end": dates["period_end"].to_numpy()[last], "numerator": above, "denominator": below,
        "value": ratio(above, below), "low": low, "high": high,
    })  # fmt: skip
    return frame[some].reset_index(drop=True)


def _first_mrr(book: Book) -> np.ndarray:
    """Return the MRR of each account on its first day."""
    contracts = book.contracts
    lines = contracts.lines
    initial = lines.start == contracts.first_start[lines.account]
    return np.bincount(lines.account[initial], contracts.mrr[initial], minlength=len(book.accounts))
