"""The reduction of usage, the one big table, to days: Arrow batches in, a state without any as_of out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from cs_ml.engine.usage_batch import DAY_BITS, FEATURE_BITS, Codes, Kind, Work, check_sizes, reduce_batch
from cs_ml.engine.usage_day_lists import counting
from cs_ml.engine.usage_ids import Accounts, Members
from cs_ml.engine.usage_keys import text_of
from cs_ml.engine.usage_pile import Pile
from cs_ml.engine.usage_read import RowGroup
from cs_ml.engine.usage_rows import LaidOut, Rows
from cs_ml.engine.usage_scatter import TABLED_AT, compiled
from cs_ml.engine.usage_state import Days, UsageState, days_of
from cs_ml.timeline.clock import Clock

__all__ = ["Batches", "reduce_usage"]

Batches: TypeAlias = Iterable[pa.RecordBatch | Callable[[], Iterable[pa.RecordBatch]]]
CHUNK = 1 << 20  # rows reduced at a time, at most
KEPT = (1 << 25) - (1 << 16)
NOBODY = np.empty(0, np.int32)
SHORT = 1 << 17  # rows for which starting threads costs more than they save


def reduce_usage(
    batches: Batches,
    account_ids: Sequence[str],
    clock: Clock,
    *,
    login_events: Collection[str] = frozenset({"login"}),
    top_features: Sequence[str] = (),
    business_hours: bool = False,
    threads: int = 1,
) -> UsageState:
    """Reduce usage rows to sums and presence a day.

    A row known on a later day than it happened is kept apart with both days, so a row counts for an as_of exactly when
    both lie before it; a missing ``known_at`` means known at once. Rows without user or feature count as events only.
    Quantities are held as whole millionths.

    Parameters
    ----------
    batches
        Record batches with ``account_id``, ``event_at`` and optionally ``known_at``, ``user_id``, ``feature``,
        ``event``, ``quantity``, in any order; or functions that return such batches, which run in the worker threads
        (one a row group lets the threads decode side by side). All batches have the same columns. Ids may be text,
        integers or dictionaries. Rows counted beforehand come from :func:`cs_ml.engine.usage_counted.counted`.
    account_ids
        Known accounts, sorted, each once; their position is their code. Rows of others are counted and left out.
    clock
        Calendar of the book.
    login_events
        Values of ``event`` that count as a login.
    top_features
        Features whose events (and quantity) are kept by day, each name once; costs nothing where there are none.
    business_hours
        Whether to count events on weekdays from 9:00 to 18:00 by the clock of the book.
    threads
        Threads that decode and reduce; the result does not depend on it.

    Returns
    -------
    UsageState

    Raises
    ------
    TableError
        If a column is missing or of a wrong type, an instant is null or outside 1970-2149, a quantity or the sum of
        all absolute quantities (about 9.2e12) is too large, or there are too many accounts or features.
    FrameError
        If the account ids are not sorted or one comes twice.

    Examples
    --------
    >>> at = np.array(["2026-01-05T10", "2026-01-05T11", "2026-01-07T09"], dtype="datetime64[us]")
    >>> batch = pa.record_batch({"account_id": ["b", "b", "x"], "event_at": at, "user_id": ["u", "v", "w"]})
    >>> state = reduce_usage([batch], ["a", "b"], Clock())
    >>> state.days.values["rows"].tolist(), np.diff(state.users.members).tolist(), state.n_ignored
    ([2], [0, 2], 1)
    """
    items = iter(batches)
    first = list(islice(items, 2))
    n_expected = first[0].n_rows if first and isinstance(first[0], RowGroup) else 0
    threads = 1 if len(first) == 1 and 0 < n_expected <= SHORT else threads
    accounts = Accounts(account_ids, n_expected)
    codes = Codes(accounts, clock, frozenset(login_events), tuple(top_features), business_hours, n_expected)
    check_sizes(codes, 0)
    np.empty(KEPT, np.uint8)  # once a block of this size was freed, the allocator of glibc keeps smaller ones for reuse
    source = _Source(chain(first, items))
    if threads == 1:
        return _assembled([_worked(source, codes)], codes, threads)
    with ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(_worked, source, codes) for _ in range(threads)]
        if compiled(n_expected) is not None and n_expected <= TABLED_AT:
            counting(n_expected)  # both are loaded while the first rows are decoded
    return _assembled([worker.result() for worker in workers], codes, threads)


class _Here(Executor):
    """Runs at once, in the thread that asks."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Source:
    """Hands items of one iterator to several threads, until one of them fails."""

    def __init__(self, items: Iterator[pa.RecordBatch | Callable[[], Iterable[pa.RecordBatch]]]) -> None:
        self._items = items
        self._lock = threading.Lock()
        self._over = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._lock:
                item = None if self._over else next(self._items, None)
            if item is None:
                return
            for batch in item() if callable(item) else (item,):
                for start in range(0, max(batch.num_rows, 1), CHUNK):
                    yield batch.slice(start, CHUNK)

    def stop(self) -> None:
        self._over = True


def _worked(source: _Source, codes: Codes) -> Work:
    work = Work()
    try:
        for batch in source:
            reduce_batch(batch, codes, work)
            check_sizes(codes, work.quantity)
    except BaseException:
        source.stop()
        raise
    return work


def _by_account(
    members: Members, users: np.ndarray
) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return account and user of each member, sorted by both, and what renames keys to that order."""
    owner, user = members.owners(), members.users()
    place = np.arange(max(len(members), len(users)))  # there may be room for more users than there are
    place[np.argsort(users[:, 0]) if users.shape[1] == 1 else np.lexsort(users.T[::-1])] = np.arange(len(users))
    order = np.argsort((owner.astype(np.int64) << 32) + place[user])
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner))

    def rename(key: np.ndarray) -> np.ndarray:
        return np.asarray(rank[members.dense(key >> DAY_BITS)] << DAY_BITS | key & ((1 << DAY_BITS) - 1))

    return owner[order], user[order], rename


def _by_name(codes: Codes) -> tuple[list[str], Callable[[np.ndarray], np.ndarray]]:
    """Return the sorted names of features, and what renames keys to that order."""
    names = text_of(codes.features.keys(), whole=codes.whole_features)
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))

    def rename(key: np.ndarray) -> np.ndarray:
        code = key >> DAY_BITS & (1 << FEATURE_BITS) - 1
        return np.asarray(key + (place[code] - code << DAY_BITS))

    return [names[at] for at in order], rename


def _with_names(features: Days, names: list[str]) -> tuple[Days, tuple[str, ...]]:
    """Code the features by their place among the names of those that were used."""
    code = features.code & (1 << FEATURE_BITS) - 1
    used = np.flatnonzero(np.bincount(code))
    place = np.zeros(len(names), np.int32)
    place[used] = np.arange(len(used))
    return replace(features, code=place[code]), tuple(names[at] for at in used)


def _assembled(works: list[Work], codes: Codes, threads: int) -> UsageState:
    columns = set().union(*(work.columns for work in works))
    check_sizes(codes, sum(work.quantity for work in works))
    piles = codes.piles
    names, by_name = _by_name(codes)
    n_accounts = len(codes.accounts)
    wanted = {"days": True, "users": "user_id" in columns, "logins": {"user_id", "event"} <= columns}

    def features() -> tuple[Days | None, tuple[str, ...]]:
        if "feature" not in columns:
            return None, ()
        rows, late = (piles["features", late].merged(by_name) for late in (False, True))
        return _with_names(days_of(rows, late, FEATURE_BITS, n_accounts), names)

    def lay_out(kind: Kind) -> Days:
        rows, late = piles[kind, False], piles[kind, True]
        if kind == "days":
            return replace(days_of(rows.merged(), late.merged(), 0, n_accounts), code=NOBODY)
        owner, user, by_account = members.result()
        days = days_of(rows.merged(by_account), late.merged(by_account), owner, n_accounts)
        return replace(days, code=codes.users.keys()[user[days.code]])

    with _Here() if threads == 1 else ThreadPoolExecutor(threads) as pool:
        members = pool.submit(_by_account, codes.members, codes.users.keys())
        used = pool.submit(features)
        kinds: list[Kind] = [kind for kind in ("days", "users", "logins") if wanted[kind]]
        parts = dict(zip(kinds, pool.map(lay_out, kinds), strict=True))
    seen = np.concatenate([parts["days"].day, parts["days"].late_day])
    span = (int(seen.min()), int(seen.max())) if len(seen) else (0, -1)
    counts = sum(work.n_rows for work in works), sum(work.n_ignored for work in works)
    asked = codes.top_features if "feature" in columns else ()
    top = dict(zip(asked, _top(piles["top", False], piles["top", True], len(asked), n_accounts), strict=True))
    known, used_names = used.result()
    return UsageState(parts["days"], parts.get("users"), known, parts.get("logins"), *span, *counts, used_names, top)


def _top(pile: Pile, late_pile: Pile, n_features: int, n_accounts: int) -> list[Days]:
    """Lay out the events of each top feature by account and day."""
    rows, late = pile.merged(), late_pile.merged()
    edges = np.arange(n_features + 1) * n_accounts << DAY_BITS
    cuts, late_cuts = (np.searchsorted(part.key, edges).tolist() for part in (rows, late))
    laid = []
    for at in range(n_features):
        own, behind = (
            _cut(part, slice(*where[at : at + 2]), edges[at]) for part, where in ((rows, cuts), (late, late_cuts))
        )
        laid.append(replace(days_of(own, behind, 0, n_accounts), code=NOBODY))
    return laid


def _cut(rows: Rows | LaidOut, where: slice, first: int) -> Rows:
    values = {name: column[where] for name, column in rows.values.items()}
    return Rows(rows.key[where] - first, None if rows.lag is None else rows.lag[where], values)
