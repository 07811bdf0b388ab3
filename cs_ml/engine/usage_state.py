"""Usage reduced to days: sums a day and account, days on which users and features were seen; no as_of in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Rows

__all__ = ["Days", "Part", "UsageState", "cumulated", "days_of", "either", "with_late"]

Part = Literal["user", "feature", "login", "quantity", "active", "business"]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Days:
    """Days on which members of accounts were seen, each day of a member once, with sums where there are values.

    A member is an account itself, a user of an account, or a feature used by an account. Days are numbers since
    1970-01-01 in the zone of the book. Late rows were known on a later day than they happened.

    Parameters
    ----------
    members
        First member of each account, shape (accounts + 1,), int64.
    starts
        First day of each member, shape (members + 1,), int64.
    day
        Days, ascending within a member, uint16.
    values
        Whole numbers a day, by name, int64.
    late_member, late_day, late_known
        Member, day of the event and day it was known, sorted by member, day, day known.
    late_values
        As ``values``.
    code
        What each member is, shape (members, ...): of a feature its position among the names, of a user its id as
        words (:func:`~cs_ml.engine.usage_codes.words_of`); empty where members are accounts.
    """

    members: np.ndarray
    starts: np.ndarray
    day: np.ndarray
    values: Arrays = field(default_factory=dict)
    late_member: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    late_day: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint16))
    late_known: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint16))
    late_values: Arrays = field(default_factory=dict)
    code: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    def accounts(self, low: int, high: int) -> Days:
        """Return the days of accounts ``low`` to ``high - 1``; the long arrays are views."""
        members = self.members[low : high + 1]
        first, last = int(members[0]), int(members[-1])
        starts = self.starts[first : last + 1]
        days = slice(int(starts[0]), int(starts[-1]))
        late = slice(*np.searchsorted(self.late_member, [first, last]).tolist())
        return Days(
            members - first,
            starts - starts[0],
            self.day[days],
            {name: column[days] for name, column in self.values.items()},
            self.late_member[late] - first,
            self.late_day[late],
            self.late_known[late],
            {name: column[late] for name, column in self.late_values.items()},
            self.code[first:last],
        )

    def groups(self) -> np.ndarray:
        """Return the account of each member."""
        return np.repeat(np.arange(len(self.members) - 1), np.diff(self.members))


def days_of(rows: Rows | LaidOut, late: Rows | LaidOut, owner: np.ndarray | int, n_accounts: int) -> Days:
    """Lay merged rows out by account, member and day.

    Parameters
    ----------
    rows, late
        Merged rows; the members in their keys are in the order of their accounts.
    owner
        Account of each member code, or how many bits of the code lie below the account.
    n_accounts
        How many accounts there are.

    Returns
    -------
    Days
        The member codes are its ``code``.

    Examples
    --------
    >>> days = days_of(Rows(np.array([2 * 65536 + 7, 2 * 65536 + 9])), Rows(np.empty(0, np.int64)), 0, 3)
    >>> days.members.tolist(), days.starts.tolist(), days.day.tolist()
    ([0, 0, 0, 1], [0, 2], [7, 9])
    """
    code, counts = rows.runs()
    late_code, _ = late.runs()
    codes = either(code, late_code) if len(late) else code
    account = owner[codes] if isinstance(owner, np.ndarray) else codes >> owner
    per_member = np.zeros(len(codes), np.int64)
    per_member[np.searchsorted(codes, code) if len(late) else slice(None)] = counts
    members = cumulated(np.bincount(account, minlength=n_accounts))
    days = Days(members, cumulated(per_member), rows.days(), _named(rows.values, late.values), code=codes)
    return with_late(days, late)


def with_late(days: Days, late: Rows | LaidOut) -> Days:
    """Return the days with merged late rows, whose members are among its codes."""
    code, counts = late.runs()
    day = late.key & (1 << DAY_BITS) - 1
    known = day if late.lag is None else day + late.lag
    return replace(
        days,
        late_member=np.repeat(np.searchsorted(days.code, code), counts),
        late_day=day.astype(np.uint16),
        late_known=known.astype(np.uint16),
        late_values=_named(late.values, days.values),
    )


def either(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return what is in one of two sets of codes; quicker than numpy.union1d, which hashes."""
    codes = np.sort(np.concatenate([left, right]))
    return codes[np.diff(codes, prepend=-1) > 0]


def _named(values: Arrays, others: Arrays) -> Arrays:
    """Let values without a row have the names of the others."""
    return values or {name: np.empty(0, np.int64) for name in others}


def cumulated(counts: np.ndarray) -> np.ndarray:
    """Return where each run of so many begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(counts)])


@dataclass(frozen=True)
class UsageState:
    """What the features of usage need of it, a small part of its size, for any as_of.

    It holds arrays only, so processes and threads can share it. Sums are whole numbers (quantities in millionths):
    the state's sums and counts do not depend on the order of the rows, on batches or on threads. Within an account
    members are in no particular order.

    Parameters
    ----------
    days
        Events, quantities and logins a day and account: values ``rows``, ``quantity``, ``logins``,
        ``active_users`` (in millionths) over ``active_rows`` that name them.
    users, features, logins
        Days on which users were seen, features were used, users logged in; ``None`` where the column is missing.
    first_day, last_day
        First and last day with an event, days since 1970-01-01; 0 and -1 without events.
    n_rows
        Rows of known accounts.
    n_ignored
        Rows of other accounts.
    feature_names
        Names of the features, sorted.
    top
        Events (and quantity) a day and account of each feature that was asked for, by its name.
    """

    days: Days
    users: Days | None = None
    features: Days | None = None
    logins: Days | None = None
    first_day: int = 0
    last_day: int = -1
    n_rows: int = 0
    n_ignored: int = 0
    feature_names: tuple[str, ...] = ()
    top: Mapping[str, Days] = field(default_factory=dict)

    @property
    def n_accounts(self) -> int:
        """How many accounts there are, those without events included."""
        return len(self.days.members) - 1

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        parts = [part for part in (self.days, self.users, self.features, self.logins, *self.top.values()) if part]
        return sum(array.nbytes for part in parts for array in _arrays(part))

    def has(self, part: Part) -> bool:
        """Tell whether the table had users, features, kinds of events, quantities or totals; whether hours count."""
        if part in ("quantity", "business"):
            return part in self.days.values
        if part == "active":
            return "active_users" in self.days.values
        if part == "login":
            return "logins" in self.days.values
        return (self.users if part == "user" else self.features) is not None

    def accounts(self, low: int, high: int) -> UsageState:
        """Return the state of accounts ``low`` to ``high - 1``, coded from 0; the long arrays are views."""
        days = self.days.accounts(low, high)
        users, features, logins = (
            part and part.accounts(low, high) for part in (self.users, self.features, self.logins)
        )
        n_rows = sum(int(values["rows"].sum()) for values in (days.values, days.late_values) if "rows" in values)
        top = {name: part.accounts(low, high) for name, part in self.top.items()}
        span = self.first_day, self.last_day
        return UsageState(days, users, features, logins, *span, n_rows, 0, self.feature_names, top)


def _arrays(part: Days) -> list[np.ndarray]:
    late = [part.late_member, part.late_day, part.late_known, *part.late_values.values()]
    return [part.members, part.starts, part.day, *part.values.values(), *late, part.code]
