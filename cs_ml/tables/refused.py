"""What makes a table, or all of them together, impossible to use."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.prepare import Prepared
from cs_ml.tables.schema import Schema
from cs_ml.tables.sql import OFFSET, identifier, literal
from cs_ml.tables.tables import Loaded

__all__ = ["missing_tables", "refuse_empty", "refuse_mixed_zones"]


def missing_tables(
    loaded: Mapping[str, Loaded],
    faults: list[Fault],
    mappings: Mapping[str, TableMapping],
    schemas: Mapping[str, Schema],
    place: str,
) -> list[Fault]:
    """Return the faults of tables that are needed or named and not there."""
    tried = {fault.where.split(".")[0] for fault in faults}
    found = ", ".join(loaded) or f"no table at all{place and f' in {place}'}"
    missing = [
        Fault(name, "a table of the catalog", "an unknown name", hint=f"one of {', '.join(schemas)}")
        for name in mappings
        if name not in schemas
    ]
    if faults:
        return missing
    if "accounts" not in loaded and "accounts" not in tried:
        missing.append(Fault("accounts", "a table with the customers", found, hint="every other table is optional"))
    if not {"contracts", "usage"} & set(loaded) and not {"contracts", "usage"} & tried:
        missing.append(Fault("contracts or usage", "at least one of the two tables", found))
    return missing


def refuse_mixed_zones(connection: duckdb.DuckDBPyConnection, prepared: Prepared, mapping: TableMapping) -> None:
    """Refuse a text column in which some instants carry an offset and others do not."""
    for name in prepared.columns:
        source = mapping.columns[name].column if name in mapping.columns else name
        if prepared.schema.column(name).kind != "instant" or prepared.raw.types.get(source or "") != "VARCHAR":
            continue
        text = identifier(str(source))
        counted = connection.execute(
            f"SELECT count(*) FILTER (WHERE regexp_matches({text}, {literal(OFFSET)})), "
            f"count(*) FILTER (WHERE {text} LIKE '%:%' AND NOT regexp_matches({text}, {literal(OFFSET)})) "
            f"FROM {prepared.raw.relation}"
        ).fetchone()
        with_offset, without = counted or (0, 0)
        if with_offset and without:
            found = f"{with_offset:,} rows with an offset and {without:,} without"
            hint = "write them all with an offset, or all without and declare the table's timezone"
            raise TableError(
                Fault(
                    f"{prepared.schema.name}.{name}",
                    "one way of writing time zones",
                    found,
                    with_offset + without,
                    hint,
                )
            )


def refuse_empty(prepared: Prepared, whole: int) -> None:
    """Refuse a table none of whose rows is left."""
    schema = prepared.schema
    found = f"none after `where` left out {whole:,} rows" if whole else "none"
    hint = "remove the file if there is no such table"
    if schema.own or schema.name == "accounts":
        hint = "take it out of tables.own if there is no such table" if schema.own else "every other table needs it"
    raise TableError(Fault(schema.name, f"at least one row in {prepared.raw.origin}", found, hint=hint))
