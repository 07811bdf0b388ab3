"""Tables in a DuckDB file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sql import identifier, literal

__all__ = ["DuckDBSource"]


@dataclass(frozen=True)
class DuckDBSource:
    """Source tables in a DuckDB file, opened for reading only.

    Parameters
    ----------
    path
        The database file; a table in another schema is named ``schema.table`` in the mapping.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise TableError(Fault(str(self.path), "a DuckDB file", "no such file"))

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,
    ) -> Raw | None:
        """Attach the database and make table ``name`` readable."""
        try:
            connection.execute(f"ATTACH IF NOT EXISTS {literal(self.path)} AS source (READ_ONLY)")
        except duckdb.Error as error:
            raise TableError(Fault(str(self.path), "a DuckDB file", str(error).split("\n", 1)[0])) from error
        schema, _, table = (mapping.source or name).rpartition(".")
        wanted = (schema or "main", table)
        listed = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'source' "
            "UNION SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'source'"
        ).fetchall()
        if wanted not in listed:
            if mapping.source is not None:
                raise TableError(
                    Fault(f"{self.path}: {mapping.source}", "the table that the config names", "no such table")
                )
            return None
        where = ".".join(identifier(part) for part in ("source", *wanted))
        return describe(connection, name, f"SELECT * FROM {where}", f"{self.path}: {'.'.join(wanted)}")
