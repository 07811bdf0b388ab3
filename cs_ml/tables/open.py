"""Opening source tables wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from cs_ml.tables.check import require
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.schema import Schema
from cs_ml.tables.sources.database import DuckDBSource
from cs_ml.tables.sources.folder import FolderSource
from cs_ml.tables.sources.frames import FrameSource
from cs_ml.tables.sources.postgres import PostgresSource
from cs_ml.tables.sources.raw import Source
from cs_ml.tables.sources.remote import RemoteSource, is_url
from cs_ml.tables.sources.spool import scratch
from cs_ml.tables.sql import literal
from cs_ml.tables.tables import Tables

__all__ = ["connect", "find_source", "open_tables"]


def find_source(where: str | Path | Mapping[str, pd.DataFrame]) -> Source:
    """Return the source behind a folder, a DuckDB file, the URL of either a PostgreSQL database or a folder, or frames.

    Raises
    ------
    TableError
        If the folder or file does not exist.
    """
    if isinstance(where, Mapping):
        return FrameSource(where)
    if str(where).startswith(("postgresql://", "postgres://")):
        return PostgresSource(str(where))
    if is_url(str(where)):
        return RemoteSource(str(where))
    path = Path(where)
    return DuckDBSource(path) if path.suffix in {".duckdb", ".db"} else FolderSource(path)


def connect(
    memory_limit: str | None = None, threads: int | None = None, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection in memory that spills to a temporary folder.

    Parameters
    ----------
    memory_limit
        Such as ``"2GB"``; DuckDB's own default where missing.
    threads
        How many threads DuckDB may use.
    spill
        Temporary folder, made when needed and gone with the connection; one of this process where missing.
    """
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = {literal(spill or scratch() / 'duckdb')}")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit is not None:
        connection.execute(f"SET memory_limit = {literal(memory_limit)}")
    if threads is not None:
        connection.execute(f"SET threads = {threads:d}")
    return connection


def open_tables(
    where: str | Path | Mapping[str, pd.DataFrame],
    mappings: Mapping[str, TableMapping] | None = None,
    *,
    zone: str = "UTC",
    data_end: Any = None,
    max_rejected_share: float = 0.01,
    memory_limit: str | None = None,
    threads: int | None = None,
    own: Iterable[Schema] = (),
) -> Tables:
    """Open the source tables of a book and check them on the way in.

    Parameters
    ----------
    where
        A folder, a DuckDB file, a PostgreSQL URL, or frames by table name.
    mappings
        How each table is read, by canonical name.
    zone
        Time zone of the book.
    data_end
        First instant that is not in the data; taken from the newest row where missing.
    max_rejected_share
        Share of rows of a table that may break a rule before the table is refused.
    memory_limit, threads
        Bounds for DuckDB.
    own
        Tables that the user declared, see :func:`cs_ml.own_table`.

    Returns
    -------
    Tables

    Raises
    ------
    TableError
        If a table is unreadable, or too many of its rows break a rule; all faults at once.

    Examples
    --------
    >>> accounts = pd.DataFrame({"account_id": ["a", "b"]})
    >>> usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05T10:00:00"]})
    >>> open_tables({"accounts": accounts, "usage": usage}).data_end
    Timestamp('2026-01-06 00:00:00')
    """
    connection = connect(memory_limit, threads)
    return require(
        find_source(where),
        mappings,
        connection=connection,
        zone=zone,
        data_end=data_end,
        max_rejected_share=max_rejected_share,
        own=own,
    )
