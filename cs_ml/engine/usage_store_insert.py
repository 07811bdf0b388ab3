"""A few days put into many, in their places: what a new day costs when the state of years is at hand."""

from __future__ import annotations

import numpy as np

from cs_ml.engine.usage_pile import combine
from cs_ml.engine.usage_rows import DAY_BITS, Rows
from cs_ml.engine.usage_state import Days, cumulated, either, with_late

__all__ = ["inserted"]


def inserted(much: Days, few: Days, owner: np.ndarray | int) -> Days:
    """Return the days of both, each day of a member once, values added up.

    Parameters
    ----------
    much, few
        Days of the same accounts with the same values, sorted by ``code``, an int64 that says who a member is.
    owner
        Account of each code, or how many bits of the code lie below the account.

    Returns
    -------
    Days
        What :func:`~cs_ml.engine.usage_state.days_of` makes of the rows of both.

    Examples
    --------
    >>> much = Days(np.array([0, 1]), np.array([0, 2]), np.array([5, 8], np.uint16), code=np.array([0]))
    >>> few = Days(np.array([0, 1]), np.array([0, 2]), np.array([7, 8], np.uint16), code=np.array([0]))
    >>> inserted(much, few, 0).day.tolist()
    [5, 7, 8]
    """
    code = either(much.code, few.code)
    account = owner[code] if isinstance(owner, np.ndarray) else code >> owner
    member = np.repeat(np.arange(len(few.code)), np.diff(few.starts))
    place, there = _places(much, few, member)
    day = np.insert(much.day, place[~there], few.day[~there])
    values = {name: _put(column, few.values[name], place, there) for name, column in much.values.items()}
    counts = np.zeros(len(code), np.int64)
    counts[np.searchsorted(code, much.code)] = np.diff(much.starts)
    np.add.at(counts, np.searchsorted(code, few.code)[member[~there]], 1)
    members = cumulated(np.bincount(account, minlength=len(much.members) - 1))
    return with_late(Days(members, cumulated(counts), day, values, code=code), _late(much, few))


def _places(much: Days, few: Days, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where among the many days each of the few belongs, and whether it is there already."""
    own = np.searchsorted(much.code, few.code)
    known = np.append(much.code, -1)[own] == few.code
    low, high = much.starts[own], np.append(much.starts, 0)[own + 1]
    low, end = low[member], np.where(known, high, low)[member]
    days, high = np.append(much.day, 0), end.copy()
    while (searching := low < high).any():
        middle = (low + high) >> 1
        before = searching & (days[middle] < few.day)
        low = np.where(before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return low, (low < end) & (days[low] == few.day)


def _put(column: np.ndarray, more: np.ndarray, place: np.ndarray, there: np.ndarray) -> np.ndarray:
    if there.any():
        column = column.copy()
        column[place[there]] += more[there]
    return np.insert(column, place[~there], more[~there])


def _late(*parts: Days) -> Rows:
    """Return the late rows of all parts, those that agree in member, day and day known as one."""
    lags = [part.late_known.astype(np.int64) - part.late_day for part in parts]
    keys = [part.code[part.late_member] << DAY_BITS | part.late_day for part in parts]
    values = {name: np.concatenate([part.late_values[name] for part in parts]) for name in parts[0].late_values}
    return combine(Rows(np.concatenate(keys), np.concatenate(lags), values))
