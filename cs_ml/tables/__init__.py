"""What we have: the catalog of source tables, how they are read, mapped and checked."""

from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.check import Check, check, require
from cs_ml.tables.column import Column
from cs_ml.tables.mapping import ColumnSpec, Filter, TableMapping
from cs_ml.tables.open import connect, find_source, open_tables
from cs_ml.tables.own import own_table
from cs_ml.tables.schema import Schema
from cs_ml.tables.tables import Tables

__all__ = [
    "SCHEMAS", "Check", "Column", "ColumnSpec", "Filter", "Schema", "TableMapping", "Tables",
    "check", "connect", "find_source", "open_tables", "own_table", "require",
]  # fmt: skip
