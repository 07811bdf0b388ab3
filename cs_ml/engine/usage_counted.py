"""Usage counted before it travels: one row for all that agree in what the reduction looks at."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.engine.usage_columns import business_hours as in_hours
from cs_ml.engine.usage_columns import day_numbers, fixed_point
from cs_ml.timeline.clock import Clock

__all__ = ["COUNTED", "KEYS", "SUMS", "counted"]

INSTANT = pa.timestamp("us")
KEYS = {
    "account_id": pa.string(), "event_at": INSTANT, "known_at": INSTANT, "user_id": pa.string(),
    "feature": pa.string(), "event": pa.string(),
}  # fmt: skip
SUMS = dict.fromkeys(("rows", "units", "actives", "active_rows", "business"), pa.int64())
COUNTED = {**KEYS, **SUMS}


def counted(
    batch: pa.RecordBatch | pa.Table,
    clock: Clock,
    *,
    login_events: Collection[str] = frozenset({"login"}),
    business_hours: bool = False,
) -> pa.Table:
    """Count the rows of a batch that the reduction to days cannot tell apart.

    Sums are whole numbers, so counting again what was counted in pieces, in any order, gives the same.

    Parameters
    ----------
    batch
        Columns of ``usage``.
    clock
        Calendar of the book.
    login_events
        Values of ``event`` that count as a login; other values become null.
    business_hours
        Whether to count events in business hours.

    Returns
    -------
    pyarrow.Table
        The columns of :data:`COUNTED` that the batch allows: instants as the start of their day, ``known_at`` null
        where the row was known on the day it happened; ``rows``, quantities as ``units`` and active users as
        ``actives`` in millionths, ``active_rows`` that name them, ``business``.
        The reduction of these rows equals that of the batch.

    Raises
    ------
    TableError
        If an instant or a quantity cannot be used.

    Examples
    --------
    >>> at = np.array(["2026-01-05T10", "2026-01-05T11"], dtype="datetime64[us]")
    >>> batch = pa.record_batch({"account_id": ["a", "a"], "event_at": at, "quantity": [0.5, 2.0]})
    >>> counted(batch, Clock()).select(["account_id", "rows", "units"]).to_pylist()
    [{'account_id': 'a', 'rows': 2, 'units': 2500000}]
    """
    if isinstance(batch, pa.Table):
        (batch,) = batch.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], batch.schema)]
    present = set(batch.schema.names)
    columns = {name: _text(batch[name]) for name in ("account_id", "user_id", "feature") if name in present}
    if "event" in present:
        event = _text(batch["event"])
        known = pc.is_in(event, value_set=pa.array(sorted(login_events), pa.string()))
        columns["event"] = pc.if_else(known, event, pa.scalar(None, pa.string()))
    columns |= _days(batch, clock)
    columns["rows"] = pa.array(np.ones(len(batch), np.int64))
    if "quantity" in present:
        columns["units"] = pa.array(fixed_point(batch["quantity"], "usage.quantity"))
    if "active_users" in present:
        columns["actives"] = pa.array(fixed_point(batch["active_users"], "usage.active_users"))
        columns["active_rows"] = pc.cast(batch["active_users"].is_valid(), pa.int64())
    if business_hours:
        columns["business"] = pa.array(in_hours(batch["event_at"], clock).astype(np.int64))
    table = pa.table({name: columns[name] for name in COUNTED if name in columns})
    keys, sums = ([name for name in kind if name in columns] for kind in (KEYS, SUMS))
    grouped = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in sums])
    return grouped.rename_columns({f"{name}_sum": name for name in sums}).select([*keys, *sums])


def _text(column: pa.Array) -> pa.Array:
    return pc.cast(column, pa.string())


def _days(batch: pa.RecordBatch, clock: Clock) -> dict[str, pa.Array]:
    """Return instants as the start of their day, and when a row was known only where that was a later day."""
    day = day_numbers(batch["event_at"], clock, "usage.event_at")
    columns = {"event_at": pa.array(clock.instant(day), INSTANT)}
    if "known_at" in batch.schema.names:
        at = batch["known_at"]
        whole = pc.coalesce(at, pc.cast(batch["event_at"], at.type, safe=False))
        known = day_numbers(whole, clock, "usage.known_at")
        columns["known_at"] = pa.array(clock.instant(known), INSTANT, mask=known <= day)
    return columns
