"""Codes of accounts, which are known beforehand, and of their users, which are not."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from operator import ge

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.engine.usage_codes import KeyTable
from cs_ml.engine.usage_columns import codes_of
from cs_ml.engine.usage_keys import words_of
from cs_ml.engine.usage_scatter import compiled
from cs_ml.errors import FrameError

__all__ = ["STRAY", "Accounts", "Members", "is_whole"]

WHOLE = "^(0|-?[1-9][0-9]{0,18})$"  # of those with more than 18 characters some take more than 64 bits
STRAY = 1 << 30  # codes of users that were seen in a second account begin here


class Accounts:
    """Codes of known accounts: their position in a list.

    Parameters
    ----------
    account_ids
        Sorted, each once.
    n_expected
        Rows that will come, as far as is known.

    Raises
    ------
    FrameError
        If the ids are not sorted or one comes twice.

    Examples
    --------
    >>> Accounts(["7", "a"]).codes(pa.array([7, 8])).tolist()
    [0, -1]
    """

    def __init__(self, account_ids: Sequence[str], n_expected: int = 0) -> None:
        ids = list(map(str, account_ids))
        if any(map(ge, ids, ids[1:])):  # ten times as quick as sorting them again
            raise FrameError("expected account ids sorted and each once; sort them with numpy.unique")
        self._ids, self._lock = ids, threading.Lock()
        self._n_expected = n_expected

    def __len__(self) -> int:
        return len(self._ids)

    def codes(self, column: pa.Array) -> np.ndarray:
        """Return the position of every account, -1 where it is not in the list or null."""
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        with self._lock:
            table, position = self._whole if pa.types.is_integer(kind) else (self._text, None)
        if position is None:
            return codes_of(column, table.find, "usage.account_id")
        return codes_of(column, lambda words: np.asarray(position[table.find(words)]), "usage.account_id")

    @cached_property
    def _text(self) -> KeyTable:
        """All accounts, made only where a table holds ids as text."""
        return KeyTable(words_of(pa.array(self._ids, pa.large_string()), "account_id"), self._n_expected)

    @cached_property
    def _whole(self) -> tuple[KeyTable, np.ndarray | None]:
        """Accounts whose ids are whole numbers and their positions, unless that is all; made only where asked for."""
        if _all_whole(self._ids):
            numbers = np.fromiter(map(int, self._ids), np.int64, len(self))
            return KeyTable(words_of(pa.array(numbers)), self._n_expected), None
        ids = pa.array(self._ids, pa.large_string())
        whole = np.flatnonzero(pc.match_substring_regex(ids, WHOLE).to_numpy(zero_copy_only=False))
        doubtful = np.flatnonzero(pc.binary_length(ids).to_numpy()[whole] > 18)
        whole = np.delete(whole, [row for row in doubtful if not is_whole(self._ids[whole[row]])])
        every = len(whole) == len(self)
        numbers = (ids if every else ids.take(pa.array(whole))).cast(pa.int64())
        position = None if every else np.append(whole, -1).astype(np.int32)
        return KeyTable(words_of(numbers), self._n_expected), position


def _all_whole(ids: Sequence[str]) -> bool:
    """Tell whether sorted ids are all whole numbers of at most 18 digits, more quickly than a pattern does.

    Examples
    --------
    >>> _all_whole(["0", "12", "9"]), _all_whole(["01", "12"]), _all_whole(["", "1"]), _all_whole(["-1", "1"])
    (True, False, False, False)
    """
    text = "".join(ids)
    digits = text.isascii() and text.isdigit() and max(map(len, ids)) <= 18
    return digits and list(ids[: bisect_left(ids, "1")]) in ([], ["0"])


def is_whole(text: str) -> bool:
    """Tell whether a text is how an integer of 64 bits is written."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        return False
    return str(int(text)) == text and -(2**63) <= int(text) < 2**63


class Members:
    """Codes of (account, user): a user seen in two accounts is two members.

    Almost every user belongs to one account, so a user's code is the member's code in the account where it was
    seen first; pairs with further accounts get codes of their own.

    Parameters
    ----------
    n_expected
        Rows that will come, as far as is known.

    Examples
    --------
    >>> members = Members()
    >>> codes = [members.codes(np.array([account]), np.array([7])) for account in (0, 1, 0)]
    >>> [int(members.owners()[members.dense(code)[0]]) for code in codes]
    [0, 1, 0]
    """

    def __init__(self, n_expected: int = 0) -> None:
        self._lock = threading.Lock()
        self._home, self._n_expected, self._n_asked = np.empty(0, np.int32), n_expected, 0
        self._strays = KeyTable()

    def __len__(self) -> int:
        return len(self._home) + len(self._strays)

    def codes(self, account: np.ndarray, user: np.ndarray) -> np.ndarray:
        """Return the member code of every pair of account code and user code.

        Parameters
        ----------
        account, user
            Codes >= 0, shape (n,).

        Returns
        -------
        numpy.ndarray of int32
        """
        if not len(user):
            return user.astype(np.int32)
        self._make_room(int(user.max()) + 1)
        away = self._away(account, user)
        if not len(away):
            return user
        codes = user.astype(np.int32)
        pairs = user[away].astype(np.uint64) << np.uint64(32) | account[away].astype(np.uint64)
        codes[away] = self._strays.add(pairs[:, None]) + STRAY
        return codes

    def _away(self, account: np.ndarray, user: np.ndarray) -> np.ndarray:
        """Return the rows whose user does not belong to their account, and give users not seen before theirs."""
        self._n_asked += len(user)
        loops = compiled(max(self._n_expected, self._n_asked))
        if loops is None:
            rows = np.flatnonzero(self._home.take(user) != account)
            return rows[self._settled(account[rows], user[rows]) != account[rows]] if len(rows) else rows
        rows = np.empty(len(user), np.int64)
        account, user = np.ascontiguousarray(account, np.int32), np.ascontiguousarray(user, np.int32)
        rows = rows[: loops.away(self._home, account, user, rows)]
        with self._lock:
            return rows[: loops.settle(self._home, account, user, rows)] if len(rows) else rows

    def _make_room(self, n_users: int) -> None:
        if n_users > len(self._home):
            with self._lock:
                self._home = np.append(self._home, np.full(max(n_users, 1024), -1, np.int32))

    def _settled(self, account: np.ndarray, user: np.ndarray) -> np.ndarray:
        """Give users without a home the account they were seen in, and return the homes of all."""
        with self._lock:
            homeless = self._home[user] < 0
            self._home[user[homeless]] = account[homeless]
            return np.asarray(self._home[user])

    def owners(self) -> np.ndarray:
        """Return the account of every member in the order of :meth:`dense`, -1 where a code was never used."""
        strays = self._strays.keys()[:, 0] & np.uint64(2**32 - 1) if len(self._strays) else np.empty(0, np.uint64)
        return np.concatenate([self._home, strays.astype(np.int32)])

    def users(self) -> np.ndarray:
        """Return the user of every member in the order of :meth:`dense`."""
        strays = self._strays.keys()[:, 0] >> np.uint64(32) if len(self._strays) else np.empty(0, np.uint64)
        return np.concatenate([np.arange(len(self._home)), strays.astype(np.int64)])

    def dense(self, codes: np.ndarray) -> np.ndarray:
        """Return member codes without the gap before the strays."""
        return np.where(codes < STRAY, codes, codes - STRAY + len(self._home))
