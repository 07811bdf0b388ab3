"""Rows (account, date) measured by ranges of accounts, which threads share and whose arrays stay in the cache."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cs_ml.engine.usage_state import UsageState
from cs_ml.errors import FrameError

__all__ = ["Arrays", "by_block"]

Arrays = Mapping[str, np.ndarray]


def by_block(
    state: UsageState,
    account_codes: np.ndarray,
    as_of_days: np.ndarray,
    measure: Callable[[UsageState, np.ndarray, np.ndarray, np.ndarray], Arrays],
    accounts_a_block: int,
    *,
    threads: int = 1,
) -> dict[str, np.ndarray]:
    """Measure rows range by range of accounts, and return them in the order given.

    Parameters
    ----------
    state
        Reduced usage.
    account_codes
        Account of each row, shape (n,); in any order, the same row may come twice.
    as_of_days
        Days since 1970-01-01, shape (n,).
    measure
        Called with the state of a range of accounts, the account of each of its rows counted from the first of the
        range, their days, and where the rows are among all; rows come sorted by account and day. Returns arrays of
        float64, shape (rows,), of the same names each time. Without rows it is called once, for none of the accounts.
    accounts_a_block
        Accounts of a range, at most.
    threads
        Threads to use; the result does not depend on it.

    Returns
    -------
    dict of str to numpy.ndarray of float64
        Shape (n,) each.

    Raises
    ------
    FrameError
        If shapes differ, or a code is outside the state.
    """
    codes, as_of = np.asarray(account_codes, np.int64), np.asarray(as_of_days, np.int64)
    _check(state, codes, as_of)
    order = None if _is_sorted(codes, as_of) else np.lexsort((as_of, codes))
    if order is not None:
        codes, as_of = codes[order], as_of[order]
    found = _Gathered(len(codes))

    def fill(rows: slice) -> None:
        low, beyond = (int(codes[rows.start]), int(codes[rows.stop - 1]) + 1) if len(codes) else (0, 0)
        where = np.arange(rows.start, rows.stop) if order is None else order[rows]
        values = measure(state.accounts(low, beyond), codes[rows] - low, as_of[rows], where)
        found.put(rows if order is None else where, values)

    cuts = np.unique(np.searchsorted(codes, np.arange(0, state.n_accounts + accounts_a_block, accounts_a_block)))
    blocks = [slice(start, stop) for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]
    if threads == 1 or len(blocks) < 2:
        for rows in blocks or [slice(0, 0)]:
            fill(rows)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, blocks))
    return found.values


class _Gathered:
    """Arrays of all rows, laid out as soon as the first block says which there are."""

    def __init__(self, n_rows: int) -> None:
        self._n_rows, self._lock = n_rows, threading.Lock()
        self.values: dict[str, np.ndarray] = {}

    def put(self, where: slice | np.ndarray, values: Arrays) -> None:
        with self._lock:
            if not self.values:
                self.values = dict(zip(values, np.empty((len(values), self._n_rows)), strict=True))
        for name, column in values.items():
            self.values[name][where] = column


def _check(state: UsageState, codes: np.ndarray, as_of: np.ndarray) -> None:
    if codes.shape != as_of.shape or codes.ndim != 1:
        raise FrameError(f"expected one as_of an account code, found shapes {codes.shape} and {as_of.shape}")
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < state.n_accounts:
        raise FrameError(
            f"expected account codes from 0 to {state.n_accounts - 1}, found {codes.min()} to {codes.max()}"
        )


def _is_sorted(codes: np.ndarray, as_of: np.ndarray) -> bool:
    return bool(((codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (as_of[1:] >= as_of[:-1]))).all())
