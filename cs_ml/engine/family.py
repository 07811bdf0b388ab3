"""Families: accounts that are linked through their parents, and the rows of an account's relatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from cs_ml.tables.tables import Tables

__all__ = ["Families", "families", "linked"]


def linked(left: np.ndarray, right: np.ndarray, n: int) -> np.ndarray:
    """Return the group of each of ``n`` things of which some pairs are linked; int64 of shape (n,).

    Parameters
    ----------
    left, right
        Positions of the two ends of each link.
    n
        How many things there are.

    Examples
    --------
    >>> linked(np.array([0, 1]), np.array([3, 3]), 4).tolist()
    [0, 0, 1, 0]
    """
    links = sparse.coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


@dataclass(frozen=True)
class Families:
    """Which accounts were ever linked through a parent, in any version of their attributes.

    Parameters
    ----------
    codes
        Family of each account that is linked to another name, and of that name (a parent need not be an account),
        indexed by name, sorted.
    """

    codes: pd.Series

    def members(self, accounts: Iterable[str]) -> np.ndarray:
        """Return these accounts and all their relatives, sorted; accounts without any link are left out."""
        wanted = self.codes.reindex(pd.Index(list(accounts), dtype=object)).dropna().unique()
        return np.asarray(self.codes.index[self.codes.isin(wanted)], dtype=object)

    def frames(self, names: Iterable[str], tables: Tables, accounts: Iterable[str]) -> Mapping[str, pd.DataFrame]:
        """Return the rows of these accounts and all their relatives, by table."""
        members = self.members(accounts)
        return {name: tables.frame(name, members) for name in names if name in tables}


def families(tables: Tables) -> Families:
    """Return the families of a book: the widest there ever were, since a parent may change with time.

    Which relatives an account had on a date is for a builder to find out; an account that is a relative in no version
    can not have been one on any date.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> accounts = pd.DataFrame({"account_id": ["a", "b", "c", "d"], "parent_id": ["d", None, "holding", None]})
    >>> usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05"]})
    >>> families(open_tables({"accounts": accounts, "usage": usage})).members(["a", "b", "c"]).tolist()
    ['a', 'c', 'd', 'holding']
    """
    if "parent_id" not in tables.columns("accounts"):
        return Families(pd.Series(dtype=np.int64, index=pd.Index([], dtype=object)))
    rows = tables.query("SELECT DISTINCT account_id, parent_id FROM {accounts} WHERE parent_id <> account_id")
    ends = np.asarray(rows[["account_id", "parent_id"]], dtype=object).T
    names, codes = np.unique(ends.ravel(), return_inverse=True)
    child, parent = np.split(codes, 2)
    return Families(pd.Series(linked(child, parent, len(names)), index=pd.Index(names, dtype=object)))
