"""Tables in a PostgreSQL database, copied out as text once and then read like files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from cs_ml.errors import Fault, MissingExtra, StorageError, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import literal

__all__ = ["PostgresSource"]


@dataclass(frozen=True)
class PostgresSource:
    """Source tables in a PostgreSQL database.

    Each table is streamed with ``COPY`` into a temporary file, so memory stays flat whatever its size.

    Parameters
    ----------
    url
        ``postgresql://user@host:port/database``.
    """

    url: str = field(repr=False)

    def read(self, name: str, mapping: TableMapping, connection: duckdb.DuckDBPyConnection) -> Raw | None:
        """Copy table ``name`` out and make it readable."""
        schema, _, table = (mapping.source or name).rpartition(".")
        origin = f"postgresql: {mapping.source or name}"
        target = spooled(f"{name}.csv")
        with _connected(self.url, origin) as database:
            found = database.execute("SELECT to_regclass(%s)", [_qualified(schema, table)]).fetchone()
            if found is None or found[0] is None:
                if mapping.source is not None:
                    raise TableError(Fault(origin, "the table that the config names", "no such table"))
                return None
            database.execute("SET TIME ZONE 'UTC'")
            copy = f"COPY (SELECT * FROM {_qualified(schema, table)}) TO STDOUT (FORMAT csv, HEADER true)"
            with database.cursor().copy(copy) as rows, target.open("wb") as file:
                for block in rows:
                    file.write(block)
        options = "all_varchar=true, header=true, delim=',', quote='\"', escape='\"'"
        select = f"SELECT * FROM read_csv({literal(target)}, {options})"
        return describe(connection, name, select, origin)


def _qualified(schema: str, table: str) -> str:
    quoted = ['"' + part.replace('"', '""') + '"' for part in (schema, table) if part]
    return ".".join(quoted)


@contextmanager
def _connected(url: str, origin: str) -> Iterator[Any]:
    """Give a connection; a database that does not answer ends the reading, a table that it refuses only its own."""
    try:
        import psycopg  # noqa: PLC0415  an optional part
    except ImportError as error:
        raise MissingExtra("postgres", "to read tables from PostgreSQL") from error
    try:
        connection = psycopg.connect(url)
    except psycopg.Error as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise StorageError(
            f"postgresql: expected a database that answers, found {reason}; check the URL and the server"
        ) from None  # the cause could show the password
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        reason = str(error).strip().split("\n", 1)[0]
        hint = "check the rights of the user of the URL"
        raise TableError(Fault(origin, "a table that can be read", reason, hint=hint)) from error
