"""Tables in a PostgreSQL database, fetched once in Arrow batches and then read like Parquet files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import duckdb
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from cs_ml.errors import Fault, MissingExtra, StorageError, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe, readable
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import literal
from cs_ml.tables.wanted import split

__all__ = ["PostgresSource", "batches"]

BATCH_ROWS = 1 << 14


@dataclass(frozen=True)
class PostgresSource:
    """Source tables in a PostgreSQL database.

    A server-side cursor hands out the columns that are needed in batches, and each goes to a temporary Parquet file
    before the next is asked for; so memory stays flat whatever the size of a table, here and on the server.

    Parameters
    ----------
    url
        ``postgresql://user@host:port/database``.
    """

    url: str = field(repr=False)

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,
    ) -> Raw | None:
        """Fetch table ``name`` and make it readable."""
        schema, _, table = (mapping.source or name).rpartition(".")
        origin = f"postgresql: {mapping.source or name}"
        target = spooled(f"{name}.parquet")
        with _connected(self.url, origin) as database:
            found = database.execute("SELECT to_regclass(%s)", [_qualified(schema, table)]).fetchone()
            if found is None or found[0] is None:
                if mapping.source is not None:
                    raise TableError(Fault(origin, "the table that the config names", "no such table"))
                return None
            relation = _qualified(schema, table)
            there = [column.name for column in database.execute(f"SELECT * FROM {relation} LIMIT 0").description]
            columns, others = split(there, wanted)
            with readable(origin), ParquetWriter(target, _texts(columns), compression="zstd") as file:
                for batch in batches(database, relation, columns):
                    file.write_batch(batch)
        raw = describe(connection, name, f"SELECT * FROM read_parquet({literal(target)})", origin)
        return replace(raw, others=others)


def batches(database: Any, relation: str, columns: Sequence[str], rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a relation as the server writes them in text, through a cursor that it keeps.

    Parameters
    ----------
    database
        Connection of psycopg, in a transaction.
    relation
        Quoted name of a table or view.
    columns
        Columns to read.
    rows
        Rows of one batch, at most; no more than one batch is held.
    """
    listed = ", ".join(f"CAST({_quoted(column)} AS text)" for column in columns)
    with database.cursor(name="cs_ml") as cursor:
        cursor.execute(f"SELECT {listed} FROM {relation}")
        while fetched := cursor.fetchmany(rows):
            values = [pa.array(column, pa.string()) for column in zip(*fetched, strict=True)]
            yield pa.record_batch(values, schema=_texts(columns))


def _texts(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(column, pa.string()) for column in columns])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _qualified(schema: str, table: str) -> str:
    return ".".join(_quoted(part) for part in (schema, table) if part)


@contextmanager
def _connected(url: str, origin: str) -> Iterator[Any]:
    """Give a connection; a database that does not answer ends the reading, a table that it refuses only its own."""
    try:
        import psycopg  # noqa: PLC0415  an optional part
    except ImportError as error:
        raise MissingExtra("postgres", "to read tables from PostgreSQL") from error
    try:
        connection = psycopg.connect(url, client_encoding="utf8")
    except psycopg.Error as error:
        reason = _without_password(str(error).strip().split("\n", 1)[0], url)
        raise StorageError(
            f"postgresql: expected a database that answers, found {reason}; check the URL and the server"
        ) from None  # the cause could show the password
    try:
        with connection:
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET datestyle = 'ISO, YMD'")
            yield connection
    except psycopg.Error as error:
        reason = str(error).strip().split("\n", 1)[0]
        hint = "check the rights of the user of the URL"
        raise TableError(Fault(origin, "a table that can be read", reason, hint=hint)) from error


def _without_password(reason: str, url: str) -> str:
    """Hide the password of a URL, and each part of it where it was not written as a URL asks."""
    found = [*re.findall(r"://[^:@/]*:(.*)@", url), *re.findall(r"[?&]password=([^&]*)", url)]
    parts = {
        part
        for secret in found
        for whole in (secret, unquote(secret))
        for part in (whole, *re.split(r"[@:/?#]", whole))
    }
    for part in sorted(parts - {""}, key=len, reverse=True):
        reason = reason.replace(part, "***")
    return reason
