"""Rows by account: who they belong to, how many left, random halves, and an even part of very many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["account_ranks", "even_part", "halves", "n_leavers"]

Rows = npt.NDArray[np.intp]


def account_ranks(index: pd.Index) -> Rows:
    """Return the place of each row's account among the sorted accounts; each row its own where there are none.

    Examples
    --------
    >>> account_ranks(pd.MultiIndex.from_tuples([("b", 0), ("a", 0), ("b", 1)], names=["account_id", "as_of"])).tolist()
    [1, 0, 1]
    """
    if "account_id" not in index.names:
        return np.arange(len(index))
    return np.asarray(pd.factorize(index.get_level_values("account_id"), sort=True)[0], dtype=np.intp)


def n_leavers(index: pd.Index, y: pd.DataFrame) -> int:
    """Return how many accounts left, or rows where there are no accounts."""
    return len(np.unique(account_ranks(index)[y["event"].to_numpy(dtype=bool)]))


def halves(index: pd.Index, number: int, random_state: int) -> list[npt.NDArray[np.bool_]]:
    """Return random halves of the accounts, whatever the order of the rows.

    Parameters
    ----------
    index
        Rows.
    number
        Halves wanted.
    random_state
        Seed.

    Examples
    --------
    >>> [int(half.sum()) for half in halves(pd.RangeIndex(6), 2, 0)]
    [3, 3]
    """
    ranks = account_ranks(index)
    n_accounts = int(ranks.max(initial=-1)) + 1
    rng = np.random.default_rng(random_state)
    chosen = [rng.permutation(n_accounts)[: n_accounts // 2] for _ in range(number)]
    return [np.isin(ranks, some) for some in chosen]


def even_part(index: pd.Index, step: int = 1) -> Rows:
    """Return a number for each row; every so-many-th number is an even part of all accounts and dates.

    Parameters
    ----------
    index
        Rows.
    step
        By how much the number rises from a date to the next. Rows of one account that look at the same later month from
        one date less and one period more are told apart by two, and the same number by one.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2026-01-01", "2026-02-01"])],
    ...                                    names=["account_id", "as_of"])
    >>> even_part(index).tolist()
    [0, 1, 1, 2]
    """
    if "as_of" not in index.names:
        return np.arange(len(index))
    dates = pd.factorize(index.get_level_values("as_of"), sort=True)[0]
    return np.asarray(account_ranks(index) + step * dates, dtype=np.intp)
