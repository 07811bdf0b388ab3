"""Groups of accounts: segment, plan, CSM, region, cohort, or any attribute, as they stood in each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.kpis.book import Book
from cs_ml.timeline.known import version_at

__all__ = ["ALL", "Grouping", "group_accounts"]

ALL, NOTHING = "all", "none"
FIXED = ("account_id", "name", "created_at", "valid_from", "valid_to", "account")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Grouping:
    """Which group each unit is in, in each period.

    Parameters
    ----------
    name
        Attribute, or ``all``.
    labels
        Names of the groups.
    codes
        Position of the group, shape (units, periods).
    """

    name: str
    labels: tuple[str, ...]
    codes: np.ndarray


def group_accounts(book: Book, by: str) -> Grouping:
    """Return the groups of an attribute.

    An account stays in one group for a whole period: the one in which it stood at the start, or else the first one
    known. So what moves within a period adds up within each group.

    Parameters
    ----------
    book
        Accounts and periods.
    by
        ``all``, ``product``, ``plan``, ``cohort``, or a column of ``accounts``.

    Raises
    ------
    ConfigError
        If nothing of that name can be told apart.
    """
    if by == ALL:
        return Grouping(ALL, (ALL,), np.zeros(book.shape, np.int64))
    if by == "product" and not book.lacks(("contracts.product",)):
        return _products(book)
    if by == "plan" and not book.lacks(("contracts.plan",)):
        return _grouping(by, _plans(book))
    if by == "cohort" and not book.lacks(("contracts",)):
        return _grouping(by, _cohorts(book))
    if by in FIXED or by not in book.tables.columns("accounts"):
        raise ConfigError(_unknown(book, by))
    return _grouping(by, _attribute(book, by))


def _grouping(name: str, values: np.ndarray) -> Grouping:
    flat = pd.Series(values.ravel(), dtype=object)
    codes, labels = pd.factorize(flat.where(flat.notna(), NOTHING).astype(str), sort=True)
    return Grouping(name, tuple(labels), codes.reshape(values.shape))


def _products(book: Book) -> Grouping:
    product = book.contracts.owned[2]
    labels = tuple(str(name) or NOTHING for name in book.contracts.products)
    return Grouping("product", labels, np.repeat(product[:, None], len(book.periods), axis=1))


def _plans(book: Book) -> np.ndarray:
    leading = book.contracts.leading("plan")
    before, after = leading[:, book.contracts.open_at], leading[:, book.contracts.close_at]
    return np.where(pd.isna(before), after, before)


def _cohorts(book: Book) -> np.ndarray:
    first = book.contracts.first_start
    known = first < np.iinfo(np.int64).max
    months = np.where(known, first, 0).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    size = MONTHS[book.options.cohort]
    begun = (months // size * size).astype("datetime64[M]").astype(str)
    labels = begun.astype(object)
    labels[~known] = None
    return np.repeat(labels[:, None], len(book.periods), axis=1)


def _attribute(book: Book, by: str) -> np.ndarray:
    rows = book.frame("accounts")
    own = rows[rows["account_id"].to_numpy() == book.accounts[rows["account"].to_numpy()]]  # a child says nothing here
    versioned = "valid_from" in own
    own = own.sort_values(["account", "valid_from"] if versioned else "account", kind="stable", na_position="first")
    begun = own["valid_from"].to_numpy() if versioned else None
    place = version_at(own["account"].to_numpy(), begun, len(book.accounts), book.periods.start, book.clock)
    values = np.asarray([*own[by], None], dtype=object)
    return np.asarray(values[place])


def _unknown(book: Book, by: str) -> Fault:
    known = [name for name in book.tables.columns("accounts") if name not in FIXED]
    known += [name for name in ("plan", "product") if not book.lacks((f"contracts.{name}",))]
    known += ["cohort"] if "contracts" in book.tables else []
    return Fault("by", f"one of {', '.join(known)}", repr(by), hint="or add the column to accounts")
