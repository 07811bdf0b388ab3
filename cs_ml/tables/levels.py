"""Which of the values that the catalog lists occur in a table, such as the kinds of surveys that were ever sent."""

from __future__ import annotations

import duckdb

from cs_ml.tables.sql import identifier
from cs_ml.tables.tables import Loaded

__all__ = ["levels_held"]


def levels_held(connection: duckdb.DuckDBPyConnection, table: Loaded) -> dict[str, tuple[str, ...]]:
    """Return the values that occur in each column whose values the catalog lists, sorted.

    Parameters
    ----------
    connection
        Connection that holds the table.
    table
        A checked table.

    Examples
    --------
    >>> from cs_ml.tables.catalog import SCHEMAS
    >>> connection = duckdb.connect()
    >>> _ = connection.execute("CREATE TABLE surveys AS SELECT unnest(['nps', 'csat', 'nps']) AS kind")
    >>> levels_held(connection, Loaded(SCHEMAS["surveys"], "surveys", ("kind",), 3))
    {'kind': ('csat', 'nps')}
    """
    held = {}
    for name in table.columns:
        if table.schema.column(name).levels:
            rows = connection.execute(f"SELECT DISTINCT {identifier(name)} FROM {table.relation} ORDER BY 1").fetchall()
            held[name] = tuple(str(level) for (level,) in rows if level is not None)
    return held
