"""States of usage put together: pieces reduced apart become, bit for bit, what reducing them at once gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cs_ml.engine.usage_batch import FEATURE_BITS, LARGEST_SUM
from cs_ml.engine.usage_columns import UNITS
from cs_ml.engine.usage_pile import Pile
from cs_ml.engine.usage_rows import DAY_BITS, LaidOut, Rows
from cs_ml.engine.usage_state import Days, UsageState, days_of
from cs_ml.engine.usage_store_insert import inserted
from cs_ml.errors import Fault, TableError

__all__ = ["merge_states", "with_accounts"]

BLOCK = 1 << 20  # rows of a piece made into keys at a time
TIMES_LARGER = 4  # than all other pieces together: their days are put in their places, which sorts nothing


def with_accounts(state: UsageState, account_ids: Sequence[str], wanted: Sequence[str]) -> UsageState:
    """Return the state as if other accounts had been known.

    Parameters
    ----------
    state
        Reduced usage of ``account_ids``, none of whose rows was ignored where ``wanted`` has further accounts.
    account_ids, wanted
        Sorted, each once.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from cs_ml.engine.usage_reduce import reduce_usage
    >>> from cs_ml.timeline.clock import Clock
    >>> at = np.array(["2026-01-05", "2026-01-06"], dtype="datetime64[us]")
    >>> state = reduce_usage([pa.record_batch({"account_id": ["a", "b"], "event_at": at})], ["a", "b"], Clock())
    >>> other = with_accounts(state, ["a", "b"], ["b", "c"])
    >>> other.days.members.tolist(), other.n_rows, other.n_ignored
    ([0, 1, 1], 1, 1)
    """
    if list(account_ids) == list(wanted):
        return state
    place = {account: position for position, account in enumerate(wanted)}
    to = np.array([place.get(account, -1) for account in account_ids], np.int64)

    def chosen(days: Days | None) -> Days | None:
        return None if days is None else _moved(days, to, len(wanted))

    days = _moved(state.days, to, len(wanted))
    features, names = _renamed(chosen(state.features), state.feature_names)
    top = {name: _moved(part, to, len(wanted)) for name, part in state.top.items()}
    n_rows = sum(int(values["rows"].sum()) for values in (days.values, days.late_values) if "rows" in values)
    n_ignored = state.n_rows + state.n_ignored - n_rows
    return UsageState(
        days, chosen(state.users), features, chosen(state.logins), *_span(days), n_rows, n_ignored, names, top
    )


def _moved(days: Days, to: np.ndarray, n_accounts: int) -> Days:
    """Keep the members of some accounts, under other numbers of the accounts, whose order stays."""
    account = to[days.groups()]
    kept = account >= 0
    members = np.concatenate([[0], np.cumsum(np.bincount(account[kept], minlength=n_accounts))])
    if kept.all():
        return replace(days, members=members)
    counts = np.diff(days.starts)
    inside, late = np.repeat(kept, counts), kept[days.late_member]
    number = np.cumsum(kept) - 1
    return Days(
        members,
        np.concatenate([[0], np.cumsum(counts[kept])]),
        days.day[inside],
        {name: column[inside] for name, column in days.values.items()},
        number[days.late_member[late]],
        days.late_day[late],
        days.late_known[late],
        {name: column[late] for name, column in days.late_values.items()},
        days.code[kept] if len(days.code) else days.code,
    )


def _renamed(features: Days | None, names: Sequence[str]) -> tuple[Days | None, tuple[str, ...]]:
    """Give the features that are used numbers from 0 on."""
    if features is None:
        return None, ()
    used = np.flatnonzero(np.bincount(features.code))
    place = np.zeros(len(names), np.int32)
    place[used] = np.arange(len(used))
    return replace(features, code=place[features.code]), tuple(names[at] for at in used.tolist())


def _span(days: Days) -> tuple[int, int]:
    seen = np.concatenate([days.day, days.late_day])
    return (int(seen.min()), int(seen.max())) if len(seen) else (0, -1)


def merge_states(states: Sequence[UsageState]) -> UsageState:
    """Put states of the same accounts, made with the same options, together.

    Parameters
    ----------
    states
        At least one, in any order.

    Returns
    -------
    UsageState
        What reducing all their rows at once gives.

    Raises
    ------
    TableError
        If a sum of quantities becomes too large.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from cs_ml.engine.usage_reduce import reduce_usage
    >>> from cs_ml.timeline.clock import Clock
    >>> at = np.array(["2026-01-05", "2026-01-06"], dtype="datetime64[us]")
    >>> batch = pa.record_batch({"account_id": ["a", "a"], "event_at": at, "user_id": ["u", "u"]})
    >>> whole = merge_states([reduce_usage([batch.slice(at, 1)], ["a"], Clock()) for at in (1, 0)])
    >>> np.diff(whole.users.members).tolist(), np.diff(whole.users.day).tolist()
    ([1], [1])
    """
    if len(states) == 1:
        return states[0]
    _refuse_large_sums(states)
    n_accounts, n_rows = states[0].n_accounts, sum(state.n_rows for state in states)
    names = sorted({name for state in states for name in state.feature_names})
    parts: dict[str, Days | None] = {"users": None, "features": None, "logins": None}
    for field in parts:
        held = [getattr(state, field) for state in states]
        if any(part is not None for part in held):
            parts[field] = _features(states, names, n_rows) if field == "features" else _users(held, n_accounts, n_rows)
    days = _accounts([state.days for state in states], n_accounts, n_rows)
    asked = dict.fromkeys(name for state in states for name in state.top)  # a file without rows tells of none
    tops = {name: [state.top[name] for state in states if name in state.top] for name in asked}
    top = {name: _accounts(held, n_accounts, n_rows) for name, held in tops.items()}
    counts = n_rows, sum(state.n_ignored for state in states)
    used = tuple(names) if parts["features"] is not None else ()
    return UsageState(days, parts["users"], parts["features"], parts["logins"], *_span(days), *counts, used, top)


def _refuse_large_sums(states: Sequence[UsageState]) -> None:
    faults = []
    for name in ("quantity", "active_users"):
        held = [part[name] for state in states for part in (state.days.values, state.days.late_values) if name in part]
        total = sum(float(np.abs(part).sum(dtype=np.float64)) for part in held)
        if total > LARGEST_SUM:
            expected, found = f"at most {LARGEST_SUM / UNITS:.1e} in all", f"{total / UNITS:.1e}"
            faults.append(Fault(f"usage.{name}", expected, found, hint="give it in a larger unit"))
    if faults:
        raise TableError(faults)


def _accounts(parts: Sequence[Days], n_accounts: int, n_rows: int) -> Days:
    days = _joined(parts, [part.groups() for part in parts], 0, n_accounts, n_rows)
    return replace(days, code=parts[0].code)


def _features(states: Sequence[UsageState], names: Sequence[str], n_rows: int) -> Days:
    place = {name: position for position, name in enumerate(names)}
    parts, codes = [], []
    for state in states:
        if state.features is not None:
            new = np.array([place[name] for name in state.feature_names], np.int64)
            parts.append(state.features)
            codes.append(state.features.groups() << FEATURE_BITS | new[state.features.code])
    days = _joined(parts, codes, FEATURE_BITS, states[0].n_accounts, n_rows)
    return replace(days, code=(days.code & (1 << FEATURE_BITS) - 1).astype(np.int32))


def _users(held: Sequence[Days | None], n_accounts: int, n_rows: int) -> Days:
    """Merge users of accounts, who are told apart by account and id."""
    parts = [part for part in held if part is not None]
    width = max(part.code.shape[1] for part in parts)
    owner = np.concatenate([part.groups() for part in parts])
    words = np.zeros((len(owner), width), np.uint64)
    start = 0
    for part in parts:
        words[start : start + len(part.code), : part.code.shape[1]] = part.code
        start += len(part.code)
    order = np.lexsort((*words.T[::-1], owner))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(owner[order]) != 0) | (words[order[1:]] != words[order[:-1]]).any(axis=1)
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(first) - 1
    codes = np.split(number, np.cumsum([len(part.code) for part in parts])[:-1])
    owner, words = owner[order[first]], words[order[first]]
    days = _joined(parts, codes, owner, n_accounts, n_rows)
    return replace(days, code=words[days.code])


def _joined(
    parts: Sequence[Days], codes: Sequence[np.ndarray], owner: np.ndarray | int, n_accounts: int, n_rows: int
) -> Days:
    """Merge parts whose members are told by sortable codes: the few into the many, or all of them anew."""
    minor_bits = 0 if isinstance(owner, np.ndarray) else owner
    sizes = [len(part.day) + len(part.late_day) for part in parts]
    most = int(np.argmax(sizes))
    if len({tuple(part.values) for part in parts}) > 1 or TIMES_LARGER * (sum(sizes) - sizes[most]) > sizes[most]:
        return days_of(*_piled(parts, codes, n_rows, minor_bits), owner, n_accounts)
    rest = [at for at in range(len(parts)) if at != most]
    few = _joined([parts[at] for at in rest], [codes[at] for at in rest], owner, n_accounts, n_rows) if rest else None
    much = replace(parts[most], code=codes[most])
    return much if few is None else inserted(much, few, owner)


def _piled(
    parts: Sequence[Days], codes: Sequence[np.ndarray], n_rows: int, minor_bits: int = 0
) -> tuple[Rows | LaidOut, Rows | LaidOut]:
    pile, late = Pile(minor_bits, n_rows), Pile(minor_bits)
    for part, code in zip(parts, codes, strict=True):
        for rows in _blocks(part, code):
            pile.add(rows)
        if len(part.late_member):
            lag = part.late_known.astype(np.int64) - part.late_day
            late.add(Rows(code[part.late_member] << DAY_BITS | part.late_day, lag, dict(part.late_values)))
    merged = pile.merged()
    if not len(merged):
        merged = Rows(merged.key, None, {name: np.empty(0, np.int64) for part in parts for name in part.values})
    return merged, late.merged()


def _blocks(part: Days, code: np.ndarray) -> Iterator[Rows]:
    """Yield the days of a part as rows with packed keys, some at a time."""
    counts = np.diff(part.starts)
    for start in range(0, len(part.day), BLOCK):
        stop = min(start + BLOCK, len(part.day))
        first, last = np.searchsorted(part.starts, [start, stop - 1], side="right") - 1
        own = counts[first : last + 1].copy()
        own[0] -= start - part.starts[first]
        own[-1] -= part.starts[last + 1] - stop
        key = np.repeat(code[first : last + 1] << DAY_BITS, own) | part.day[start:stop]
        yield Rows(key, None, {name: column[start:stop] for name, column in part.values.items()})
