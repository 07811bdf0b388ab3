"""Rows of usage on an executor: made canonical, judged and counted by the same code as on one machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from cs_ml.engine.usage_counted import COUNTED, counted
from cs_ml.engine.usage_ids import Accounts
from cs_ml.tables.open import connect
from cs_ml.tables.prepare import Prepared
from cs_ml.tables.sql import identifier, literal
from cs_ml.timeline.clock import Clock

__all__ = [
    "ACCOUNTS",
    "BUCKET",
    "RAW",
    "TYPES",
    "Judge",
    "counter",
    "ddl",
    "goods",
    "judged",
    "newest_day",
    "schema_of",
]

RAW, ACCOUNTS, BUCKET = "raw_usage", "known_accounts", "bucket"
INSTANTS = ("event_at", "known_at")
TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.int32(): "int", pa.timestamp("us"): "timestamp_ntz",
         pa.float64(): "double", pa.date32(): "date", pa.binary(): "binary", pa.bool_(): "boolean"}  # fmt: skip
ROWS = 1 << 18  # rows that are handled at a time
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Judge:
    """Makes raw rows canonical and tells good ones from rejected ones, by the SQL of the check.

    Parameters
    ----------
    prepared
        Canonical columns and rules over the relation :data:`RAW`.
    accounts
        Known accounts.
    limit
        Timestamp from which on nothing is known.
    """

    prepared: Prepared
    accounts: Sequence[str]
    limit: str

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a connection that knows the accounts."""
        spill = Path(tempfile.gettempdir(), f"cs_ml_duckdb_{os.getpid()}")  # Python of an executor ends without a word
        connection = connect(threads=1, spill=spill)
        connection.register("listed", pa.table({"account_id": pa.array(self.accounts, pa.string())}))
        connection.execute(f"CREATE TABLE {identifier(ACCOUNTS)} AS SELECT * FROM listed")  # noqa: S608  a constant
        return connection

    @property
    def broken(self) -> list[str]:
        """SQL of each rule: whether a row breaks it."""
        return [f"coalesce({rule.broken}, FALSE)" for rule in self.prepared.rules]

    def good(self, connection: duckdb.DuckDBPyConnection, raw: pa.Table, columns: Sequence[str]) -> pa.Table:
        """Return some canonical columns of the good rows."""
        connection.register(RAW, raw)
        listed, anything = ", ".join(map(identifier, columns)), " OR ".join(self.broken) or "FALSE"
        text = f"SELECT {listed} FROM ({self.prepared.select}) WHERE NOT ({anything})"  # noqa: S608  as checked
        return connection.sql(text).to_arrow_table()

    def counts(self, connection: duckdb.DuckDBPyConnection, raw: pa.Table) -> list[Any]:
        """Return rows, rows after ``where``, rejected rows, rows that break each rule, and the newest instant."""
        connection.register(RAW, raw)
        anything = " OR ".join(self.broken) or "FALSE"
        filters = ", ".join(f"count(*) FILTER (WHERE {rule})" for rule in (anything, *self.broken))
        past = [f"max({name}) FILTER (WHERE {name} < {literal(self.limit)} AND NOT ({anything}))" for name in INSTANTS]
        newest = f"epoch_us(greatest({', '.join(past)}))"
        text = f"SELECT count(*), {filters}, {newest} FROM ({self.prepared.select})"  # noqa: S608  as checked
        return [len(raw), *connection.execute(text).fetchall()[0]]  # all: an open result blocks the connection


def judged(judge: Judge) -> Callable[[Batches], Batches]:
    """Return what ``mapInArrow`` runs to count good and rejected rows; see :meth:`Judge.counts`."""

    def run(batches: Batches) -> Batches:
        connection = judge.connect()
        found = [judge.counts(connection, raw) for raw in _gathered(batches)]
        yield pa.RecordBatch.from_arrays([pa.array(found, pa.list_(pa.int64()))], names=["counts"])

    return run


def goods(judge: Judge, schema: pa.Schema) -> Callable[[Batches], Batches]:
    """Return what ``mapInArrow`` runs to keep the good rows, canonical."""

    def run(batches: Batches) -> Batches:
        connection = judge.connect()
        for raw in _gathered(batches):
            yield from judge.good(connection, raw, schema.names).cast(schema, safe=False).to_batches()

    return run


def counter(
    accounts: np.ndarray,
    starts: np.ndarray,
    columns: Sequence[str],
    clock: Clock,
    options: Mapping[str, Any],
    judge: Judge | None,
) -> Callable[[Batches], Batches]:
    """Return what ``mapInArrow`` runs to count usage rows before they travel to their buckets.

    Parameters
    ----------
    accounts
        Accounts that are asked for, sorted.
    starts
        First account of each bucket but the first.
    columns
        Canonical columns that are needed.
    clock
        Calendar of the book.
    options
        Options of :func:`cs_ml.engine.usage_counted.counted`.
    judge
        What makes raw rows canonical; ``None`` where they are.
    """

    def run(batches: Batches) -> Batches:
        known, connection = Accounts(accounts.tolist()), judge.connect() if judge else None
        for raw in _gathered(batches):
            rows = judge.good(connection, raw, columns) if judge and connection else raw.select(list(columns))
            table = counted(rows, clock, **options)
            code = known.codes(table["account_id"].combine_chunks())
            bucket = pa.array(np.searchsorted(starts, code, side="right").astype(np.int32))
            wanted = table.append_column(BUCKET, bucket).filter(pa.array(code >= 0))
            yield from wanted.combine_chunks().to_batches()

    return run


def _gathered(batches: Batches) -> Iterator[pa.Table]:
    """Put small batches together: what is done once a table then costs little."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def ddl(schema: pa.Schema) -> str:
    """Return a schema in the words of Spark.

    Examples
    --------
    >>> ddl(pa.schema([("account_id", pa.string()), ("as_of", pa.date32())]))
    '`account_id` string, `as_of` date'
    """
    return ", ".join(f"`{field.name}` {TYPES[field.type]}" for field in schema)


def schema_of(columns: Sequence[str], options: Mapping[str, Any]) -> pa.Schema:
    """Return the columns that :func:`counter` makes of these canonical ones."""
    sums = {
        "rows",
        *(["units"] if "quantity" in columns else ()),
        *(["actives", "active_rows"] if "active_users" in columns else ()),
        *(["business"] if options.get("business_hours") else ()),
    }
    names = [name for name in COUNTED if name in sums or name in columns]
    return pa.schema([*((name, COUNTED[name]) for name in names), (BUCKET, pa.int32())])


def newest_day(microseconds: int | None) -> pd.Timestamp | None:
    """Return the midnight after an instant."""
    return None if microseconds is None else pd.Timestamp(microseconds, unit="us").floor("D") + pd.Timedelta(days=1)
