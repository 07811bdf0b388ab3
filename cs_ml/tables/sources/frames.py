"""Tables as pandas frames in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sql import identifier

__all__ = ["FrameSource"]


@dataclass(frozen=True)
class FrameSource:
    """Source tables as pandas frames, for notebooks and tests.

    Parameters
    ----------
    frames
        One frame a table, by canonical name.
    """

    frames: Mapping[str, pd.DataFrame]

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,  # noqa: ARG002  DuckDB reads the columns it needs
    ) -> Raw | None:
        """Make frame ``name`` readable by DuckDB."""
        frame = self.frames.get(mapping.source or name)
        if frame is None:
            return None
        if not isinstance(frame, pd.DataFrame):
            raise TableError(Fault(name, "a pandas DataFrame", type(frame).__name__))
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        stored = identifier(f"frame_{name}")
        with connection.cursor() as cursor:  # the connection may hold a result that a fault left unread
            cursor.register("registered", arrow)
            cursor.execute(f"CREATE OR REPLACE TABLE {stored} AS SELECT * FROM registered")
            cursor.unregister("registered")
        return describe(connection, name, f"SELECT * FROM {stored}", f"frame {name}")
