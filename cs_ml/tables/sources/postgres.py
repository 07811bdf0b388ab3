"""Tables in a PostgreSQL database, copied out as text once and then read like files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
            rows = f"SELECT * FROM {_qualified(schema, table)}"
            columns = [column.name for column in database.execute(f"{rows} LIMIT 0").description]
            with database.cursor().copy(f"COPY ({rows}) TO STDOUT (FORMAT csv)") as blocks, target.open("wb") as file:
                for block in blocks:
                    file.write(block)
        return describe(connection, name, _as_written(target, columns), origin)


def _as_written(target: Path, columns: list[str]) -> str:
    """Read the copy as it was written: nothing about it is guessed from what it holds."""
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    written = "auto_detect=false, header=false, delim=',', quote='\"', escape='\"', comment='', skip=0, new_line='\\n'"
    return f"SELECT * FROM read_csv({literal(target)}, {written}, columns={{{types}}})"


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
