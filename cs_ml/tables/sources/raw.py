"""What every source gives: tables of raw columns, readable by DuckDB under a name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from cs_ml.errors import CsMlError, Fault, StorageError, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.ragged import ragged_fault
from cs_ml.tables.sql import identifier

__all__ = ["Raw", "Source", "describe", "readable"]

FULL = ("No space left", "disk is full", "max_temp_directory_size")


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
        Parquet files behind it, all with the same columns, where they can be read directly.
    folders
        Columns that no file holds, because the names of its folders say them.
    others
        Columns of the source that no one asked for and that were not read.
    """

    relation: str
    types: dict[str, str]
    origin: str
    files: tuple[Path, ...] = ()
    folders: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the source, read or not."""
        return tuple(sorted((*self.types, *self.others)))


class Source(Protocol):
    """A place where source tables lie."""

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,
    ) -> Raw | None:
        """Make table ``name`` readable by DuckDB; ``None`` where the source has no such table.

        A source that copies need not read more than the ``wanted`` columns.
        """
        ...


def describe(connection: duckdb.DuckDBPyConnection, name: str, select: str, origin: str) -> Raw:
    """Create the view ``raw_name`` over a select and read its column types.

    Raises
    ------
    TableError
        If DuckDB cannot read it.
    """
    relation = identifier(f"raw_{name}")
    with readable(origin):
        connection.execute(f"CREATE OR REPLACE VIEW {relation} AS {select}")
        rows = connection.execute(f"DESCRIBE {relation}").fetchall()
    return Raw(relation, {row[0]: row[1] for row in rows}, origin)


@contextmanager
def readable(origin: str, hint: str = "write the file again") -> Iterator[None]:
    """Turn what an engine says while it reads a table into one clear error.

    Parameters
    ----------
    origin
        File or table, for the message.
    hint
        What to do where it is damaged.

    Raises
    ------
    TableError
        If the table is damaged.
    StorageError
        If memory or the disk for temporary files does not suffice.

    Examples
    --------
    >>> with readable("usage.parquet"):
    ...     duckdb.sql("SELECT 1").fetchall()
    [(1,)]
    """
    try:
        yield
    except CsMlError:
        raise
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        if any(words in str(error) for words in FULL):
            raise StorageError(
                f"{origin}: the disk for temporary files is full; free some space and run again"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            more = "raise engine.memory_limit, or lower engine.workers"
            raise StorageError(f"{origin}: expected enough memory, found {reason}; {more}") from error
        fault = ragged_fault(origin, str(error)) or Fault(origin, "a table that can be read", reason, hint=hint)
        raise TableError(fault) from error
