"""The reduction of usage, the one big table, to days: Arrow batches in, a state without any as_of out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.engine.usage_codes import KeyTable
from cs_ml.engine.usage_columns import UNITS, Accounts, Members, codes_of, day_numbers, fixed_point, flags_of
from cs_ml.engine.usage_pile import Pile, Rows
from cs_ml.engine.usage_state import Days, UsageState, days_of
from cs_ml.errors import Fault, TableError
from cs_ml.timeline.clock import Clock

__all__ = ["Batches", "reduce_usage"]

Batches: TypeAlias = Iterable[pa.RecordBatch | Callable[[], Iterable[pa.RecordBatch]]]
Kind = Literal["days", "users", "features", "logins"]
KINDS: tuple[Kind, ...] = ("days", "users", "features", "logins")
DAY_BITS, FEATURE_BITS = 16, 20
MOST_ACCOUNTS, MOST_FEATURES = 1 << 27, 1 << FEATURE_BITS
CHUNK = 1 << 20  # rows reduced at a time, at most
LARGEST_SUM = 2**63 - 1
KEPT = (1 << 25) - (1 << 16)


def reduce_usage(
    batches: Batches,
    account_ids: Sequence[str],
    clock: Clock,
    *,
    login_events: Collection[str] = frozenset({"login"}),
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
        integers or dictionaries.
    account_ids
        Known accounts, sorted, each once; their position is their code. Rows of others are counted and left out.
    clock
        Calendar of the book.
    login_events
        Values of ``event`` that count as a login.
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
    codes = _Codes(Accounts(account_ids), clock, frozenset(login_events))
    _check_sizes(codes, 0)
    np.empty(KEPT, np.uint8)  # once a block of this size was freed, the allocator of glibc keeps smaller ones for reuse
    source = _Source(iter(batches))
    if threads == 1:
        return _assembled([_worked(source, codes)], codes, threads)
    with ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(_worked, source, codes) for _ in range(threads)]
        return _assembled([worker.result() for worker in workers], codes, threads)


@dataclass
class _Codes:
    """What all threads share."""

    accounts: Accounts
    clock: Clock
    login_events: frozenset[str]
    users: KeyTable = field(default_factory=KeyTable)
    members: Members = field(default_factory=Members)
    features: KeyTable = field(default_factory=KeyTable)


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


@dataclass
class _Work:
    """What one thread has reduced so far."""

    piles: dict[tuple[Kind, bool], Pile] = field(
        default_factory=lambda: {(kind, late): Pile() for kind in KINDS for late in (False, True)}
    )
    columns: set[str] = field(default_factory=set)
    n_rows: int = 0
    n_ignored: int = 0
    quantity: int = 0


def _worked(source: _Source, codes: _Codes) -> _Work:
    work = _Work()
    try:
        for batch in source:
            _reduce(batch, codes, work)
            _check_sizes(codes, work.quantity)
    except BaseException:
        source.stop()
        raise
    return work


def _reduce(batch: pa.RecordBatch, codes: _Codes, work: _Work) -> None:
    """Reduce one batch and put the result on the piles."""
    work.columns.update(batch.schema.names)
    columns = _integers(batch, codes)
    known = columns["account"] >= 0
    work.n_ignored += int((~known).sum())
    if not known.all():
        columns = {name: column[known] for name, column in columns.items()}
    work.n_rows += len(columns["account"])
    if "quantity" in columns:
        work.quantity += _exact_sum(np.abs(columns["quantity"]))
    late = columns["lag"] > 0 if "lag" in columns else None
    if late is None or not late.any():
        _pile(columns, None, codes, work)
        return
    for chosen, is_late in ((~late, False), (late, True)):
        part = {name: column[chosen] for name, column in columns.items()}
        _pile(part, part["lag"] if is_late else None, codes, work)


def _integers(batch: pa.RecordBatch, codes: _Codes) -> dict[str, np.ndarray]:
    present = set(batch.schema.names)
    faults = [
        Fault(f"usage.{name}", "this column", "none") for name in ("account_id", "event_at") if name not in present
    ]
    if faults:
        raise TableError(faults)
    columns = {
        "account": codes.accounts.codes(batch["account_id"]),
        "day": day_numbers(batch["event_at"], codes.clock, "usage.event_at"),
    }
    if "known_at" in present:
        known_at = pc.coalesce(batch["known_at"], pc.cast(batch["event_at"], batch["known_at"].type, safe=False))
        columns["lag"] = day_numbers(known_at, codes.clock, "usage.known_at") - columns["day"]
    if "user_id" in present:
        columns["user"] = codes_of(batch["user_id"], codes.users.add, "usage.user_id")
    if "feature" in present:
        columns["feature"] = codes_of(batch["feature"], codes.features.add, "usage.feature")
    if "event" in present:
        columns["login"] = flags_of(batch["event"], codes.login_events)
    if "quantity" in present:
        columns["quantity"] = fixed_point(batch["quantity"], "usage.quantity")
    return columns


def _pile(columns: dict[str, np.ndarray], lag: np.ndarray | None, codes: _Codes, work: _Work) -> None:
    late, account, day = lag is not None, columns["account"].astype(np.int64), columns["day"]

    def add(kind: Kind, code: np.ndarray, chosen: np.ndarray | slice) -> None:
        rows = Rows(code << DAY_BITS | day[chosen], lag if lag is None else lag[chosen])
        work.piles[kind, late].add(rows)

    values = {"quantity": columns["quantity"]} if "quantity" in columns else {}
    values |= {"logins": columns["login"].astype(np.int64)} if "login" in columns else {}
    work.piles["days", late].add(Rows(account << DAY_BITS | day, lag, values, count="rows"))
    if "feature" in columns:
        chosen = _present(columns["feature"])
        add("features", account[chosen] << FEATURE_BITS | columns["feature"][chosen], chosen)
    if "user" in columns:
        chosen = _present(columns["user"])
        member = codes.members.codes(columns["account"][chosen], columns["user"][chosen]).astype(np.int64)
        add("users", member, chosen)
        if "login" in columns:
            logged = columns["login"][chosen]
            where = np.flatnonzero(columns["login"] & (columns["user"] >= 0))
            add("logins", member[logged], where)


def _by_account(members: Members) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return the owner of each member in the order of accounts, and what renames keys to that order."""
    owner = members.owners()
    order = np.sort((owner.astype(np.int64) << 32) + np.arange(len(owner))) & (2**32 - 1)
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner))

    def rename(key: np.ndarray) -> np.ndarray:
        return np.asarray(rank[members.dense(key >> DAY_BITS)] << DAY_BITS | key & ((1 << DAY_BITS) - 1))

    return owner[order], rename


def _check_sizes(codes: _Codes, quantity: int) -> None:
    faults = []
    if len(codes.accounts) > MOST_ACCOUNTS:
        faults.append(Fault("accounts", f"at most {MOST_ACCOUNTS:,} accounts", f"{len(codes.accounts):,}"))
    if len(codes.features) > MOST_FEATURES:
        hint = "map it to the name of the feature, without ids or addresses in it"
        faults.append(
            Fault("usage.feature", f"at most {MOST_FEATURES:,} features", f"{len(codes.features):,}", hint=hint)
        )
    if quantity > LARGEST_SUM:
        hint = "give it in a larger unit"
        faults.append(
            Fault("usage.quantity", f"at most {LARGEST_SUM / UNITS:.1e} in all", f"{quantity / UNITS:.1e}", hint=hint)
        )
    if faults:
        raise TableError(faults)


def _present(code: np.ndarray) -> np.ndarray | slice:
    known = code >= 0
    return slice(None) if bool(known.all()) else np.flatnonzero(known)


def _exact_sum(values: np.ndarray) -> int:
    """Add up to 2**31 numbers below 2**62 without overflow."""
    low = 2**31 - 1
    return (int((values >> 31).sum()) << 31) + int((values & low).sum())


def _assembled(works: list[_Work], codes: _Codes, threads: int) -> UsageState:
    columns = set().union(*(work.columns for work in works))
    _check_sizes(codes, sum(work.quantity for work in works))
    piles = works[0].piles
    for work in works[1:]:
        for name, pile in work.piles.items():
            piles[name].take(pile)
    owner, rename = _by_account(codes.members)
    n_accounts = len(codes.accounts)
    wanted = {"days": True, "users": "user_id" in columns, "features": "feature" in columns}
    wanted["logins"] = wanted["users"] and "event" in columns

    def lay_out(kind: Kind) -> Days:
        rows, late = piles[kind, False], piles[kind, True]
        if kind in ("users", "logins"):
            return days_of(rows.merged(rename), late.merged(rename), owner, n_accounts)
        return days_of(rows.merged(), late.merged(), FEATURE_BITS if kind == "features" else 0, n_accounts)

    with ThreadPoolExecutor(threads) as pool:
        kinds: list[Kind] = [kind for kind in ("features", "users", "days", "logins") if wanted[kind]]
        parts = dict(zip(kinds, pool.map(lay_out, kinds), strict=True))
    seen = np.concatenate([parts["days"].day, parts["days"].late_day])
    span = (int(seen.min()), int(seen.max())) if len(seen) else (0, -1)
    counts = sum(work.n_rows for work in works), sum(work.n_ignored for work in works)
    return UsageState(parts["days"], parts.get("users"), parts.get("features"), parts.get("logins"), *span, *counts)
