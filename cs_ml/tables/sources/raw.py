"""What every source gives: tables of raw columns, readable by DuckDB under a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sql import identifier

__all__ = ["Raw", "Source", "describe"]


@dataclass(frozen=True)
class Raw:
    """One source table as DuckDB sees it.

    Parameters
    ----------
    relation
        Quoted name of the DuckDB view.
    types
        DuckDB type of each source column.
    origin
        File or table, for messages.
    files
        Parquet files behind it, where they can be read directly.
    """

    relation: str
    types: dict[str, str]
    origin: str
    files: tuple[Path, ...] = ()


class Source(Protocol):
    """A place where source tables lie."""

    def read(self, name: str, mapping: TableMapping, connection: duckdb.DuckDBPyConnection) -> Raw | None:
        """Make table ``name`` readable by DuckDB; ``None`` where the source has no such table."""
        ...


def describe(connection: duckdb.DuckDBPyConnection, name: str, select: str, origin: str) -> Raw:
    """Create the view ``raw_name`` over a select and read its column types.

    Raises
    ------
    TableError
        If DuckDB cannot read it.
    """
    relation = identifier(f"raw_{name}")
    try:
        connection.execute(f"CREATE OR REPLACE VIEW {relation} AS {select}")
        rows = connection.execute(f"DESCRIBE {relation}").fetchall()
    except duckdb.Error as error:
        reason = str(error).split("\n", 1)[0]
        raise TableError(Fault(origin, "a table that can be read", reason, hint="write the file again")) from error
    return Raw(relation, {row[0]: row[1] for row in rows}, origin)
