"""The two doors to the source tables: ``check`` sorts good rows from rejected ones, ``require`` refuses faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pandas as pd

from cs_ml.errors import Fault, TableError
from cs_ml.tables.levels import levels_held
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.own import refuse_unrevealed, with_own
from cs_ml.tables.prepare import Prepared, prepare
from cs_ml.tables.redact import hide_contacts, hide_in_cell
from cs_ml.tables.refused import missing_tables, refuse_empty, refuse_mixed_zones
from cs_ml.tables.rules import UNKNOWN, Rule
from cs_ml.tables.schema import Schema
from cs_ml.tables.sources.raw import Source, readable
from cs_ml.tables.sql import identifier, literal
from cs_ml.tables.tables import Loaded, Tables
from cs_ml.tables.wanted import wanted_columns

__all__ = ["Check", "check", "require"]

BROKEN = ["table", "column", "rule", "expected", "rows", "share", "example", "hint"]


@dataclass(frozen=True)
class Check:
    """What a check found.

    Parameters
    ----------
    tables
        The good rows.
    broken
        One row a broken rule: table, column, rule, expected, rows, share, example, hint.
    max_rejected_share
        Share of rejected rows of a table above which it is refused.
    """

    tables: Tables
    broken: pd.DataFrame
    max_rejected_share: float

    def rejected(self, name: str) -> pd.DataFrame:
        """Return the rejected rows of a table as the source has them, with ``broken_rules``."""
        return self.tables.query(f"SELECT * FROM {identifier(f'rejected_{name}')}")

    @property
    def faults(self) -> list[Fault]:
        """Faults of every table with more rejected rows than allowed; lost accounts are no fault of other tables."""
        rejected = {name: table.n_rejected for name, table in self.tables.loaded.items()}
        broken = self.broken
        if self._beyond("accounts", rejected.get("accounts", 0)):
            broken = broken[broken["rule"] != UNKNOWN]
            rejected = {str(name): int(rows) for name, rows in broken.groupby("table")["rows"].sum().items()}
        found = []
        for row in broken.to_dict("records"):
            if self._beyond(row["table"], rejected[row["table"]]):
                where, example = f"{row['table']}.{row['column']}", f"{row['example']!r} ({row['rule']})"
                found.append(Fault(where, row["expected"], example, row["rows"], row["hint"]))
        return found

    def _beyond(self, name: str, n_rejected: int) -> bool:
        table = self.tables.loaded.get(name)
        return table is not None and n_rejected > self.max_rejected_share * (table.n_rows + table.n_rejected)


def check(
    source: Source,
    mappings: Mapping[str, TableMapping] | None = None,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
    zone: str = "UTC",
    data_end: Any = None,
    max_rejected_share: float = 0.01,
    own: Iterable[Schema] = (),
) -> Check:
    """Sort the rows of all source tables into good and rejected ones.

    Parameters
    ----------
    source
        Where the tables lie.
    mappings
        How each table is read, by canonical name.
    connection
        DuckDB connection to use; a new one in memory where missing.
    zone
        Time zone of the book.
    data_end
        First instant that is not in the data; taken from the newest row where missing.
    max_rejected_share
        Carried to the result; see :func:`require`.
    own
        Tables that the user declared, see :func:`cs_ml.own_table`; each must be there.

    Returns
    -------
    Check

    Raises
    ------
    TableError
        If a table cannot be read, has no rows, or lacks a column; all such faults at once.
    """
    mappings = mappings or {}
    connection = connection or duckdb.connect()
    limit = pd.Timestamp.now().ceil("D") if data_end is None else pd.Timestamp(data_end)
    faults: list[Fault] = []
    loaded: dict[str, Loaded] = {}
    broken: list[tuple[Any, ...]] = []
    schemas = with_own(own)
    for name, schema in schemas.items():
        mapping = mappings.get(name, TableMapping())
        try:
            raw = source.read(name, mapping, connection, wanted_columns(schema, mapping))
            if raw is None:
                faults += [Fault(name, "the table that was declared", "no such table")] if schema.own else []
                continue
            accounts = loaded["accounts"].relation if "accounts" in loaded else None
            prepared = prepare(schema, raw, mapping, accounts=accounts, data_end=limit.isoformat())
            refuse_unrevealed(schema, prepared.columns, raw.names, raw.origin)
            with readable(raw.origin):
                refuse_mixed_zones(connection, prepared, mapping)
                loaded[name], rules = _sort_rows(connection, prepared)
        except TableError as error:
            faults += error.faults
            continue
        broken += rules
    faults += missing_tables(loaded, faults, mappings, schemas, _place(source))
    if faults:
        raise TableError(faults)
    end = _data_end(connection, loaded, limit) if data_end is None else limit
    return Check(Tables(connection, loaded, end, zone), pd.DataFrame(broken, columns=BROKEN), max_rejected_share)


def require(source: Source, mappings: Mapping[str, TableMapping] | None = None, **options: Any) -> Tables:
    """Return the good rows of all tables, or one error that lists every fault.

    Parameters
    ----------
    source, mappings, **options
        As for :func:`check`.

    Raises
    ------
    TableError
        If a table is unreadable, or more than ``max_rejected_share`` of its rows break a rule.
    """
    checked = check(source, mappings, **options)
    if checked.faults:
        raise TableError(checked.faults)
    return checked.tables


def _place(source: Source) -> str:
    """Return what the config names as the place of all tables, where that is no secret."""
    return next((str(getattr(source, name)) for name in ("place", "folder", "path") if hasattr(source, name)), "")


def _sort_rows(connection: duckdb.DuckDBPyConnection, prepared: Prepared) -> tuple[Loaded, list[tuple[Any, ...]]]:
    """Count the rows that break each rule, and keep the others."""
    name = prepared.schema.name
    view = identifier(f"prepared_{name}")
    connection.execute(f"CREATE OR REPLACE VIEW {view} AS {prepared.select}")
    predicates = [f"coalesce({rule.broken}, FALSE)" for rule in prepared.rules]
    anything = " OR ".join(predicates) or "FALSE"
    filters = "".join(f", count(*) FILTER (WHERE {item})" for item in (anything, *predicates))
    counted = connection.execute(f"SELECT count(*){filters} FROM {view}").fetchone() or (0, 0)
    every = f"count(*), count(*) FILTER (WHERE {prepared.changed})" if prepared.renamed else "count(*), 1"
    whole, n_changed = connection.execute(f"SELECT {every} FROM {prepared.raw.relation}").fetchone() or (0, 1)
    total, n_rejected, *each = counted
    if not total:
        refuse_empty(prepared, whole)
    broken = [
        (
            name,
            rule.column,
            rule.name,
            rule.expected,
            rows,
            rows / total,
            _example(connection, view, predicate, rule, prepared.schema),
            rule.hint,
        )
        for rule, predicate, rows in zip(prepared.rules, predicates, each, strict=True)
        if rows
    ]
    flags = ", ".join(
        f"CASE WHEN {predicate} THEN {literal(f'{rule.column}: {rule.name}')} END"
        for rule, predicate in zip(prepared.rules, predicates, strict=True)
    )
    listed = f"list_filter([{flags}], lambda item: item IS NOT NULL)" if flags else "[]::VARCHAR[]"
    connection.execute(
        f"CREATE OR REPLACE VIEW {identifier(f'rejected_{name}')} AS "
        f"SELECT unnest(\"!row\"), array_to_string({listed}, '; ') AS broken_rules FROM {view} WHERE {anything}"
    )
    clean = not n_rejected and not n_changed
    good = f"({prepared.plain})" if clean else f"{view} WHERE NOT ({anything if n_rejected else 'FALSE'})"
    table = _keep(connection, prepared, good)
    renamed = {name: source for name, source in prepared.renamed.items() if source not in prepared.raw.folders}
    return replace(
        table,
        n_rows=total - n_rejected,
        n_rejected=n_rejected,
        n_left_out=whole - total,
        files=prepared.raw.files if clean else (),
        renamed=renamed if clean else {},
        levels=levels_held(connection, table),
    ), broken


def _keep(connection: duckdb.DuckDBPyConnection, prepared: Prepared, good: str) -> Loaded:
    """Keep the good rows: a table in DuckDB, or a view where the table may be larger than memory."""
    relation = identifier(f"good_{prepared.schema.name}")
    kind = "VIEW" if prepared.schema.big else "TABLE"
    listed = ", ".join(identifier(column) for column in prepared.columns)
    connection.execute(f"CREATE OR REPLACE {kind} {relation} AS SELECT {listed} FROM {good}")
    return Loaded(prepared.schema, relation, prepared.columns, 0)


def _example(connection: duckdb.DuckDBPyConnection, view: str, predicate: str, rule: Rule, schema: Schema) -> str:
    """Return a value that breaks a rule, without what identifies a person."""
    text = f"SELECT CAST({rule.value} AS VARCHAR) FROM {view} WHERE {predicate} LIMIT 1"
    (found,) = connection.execute(text).fetchone() or (None,)
    is_key = {schema.column(name).kind for name in rule.column.split(", ")} <= {"id", "instant"}
    hide = hide_contacts if is_key else hide_in_cell
    return "" if found is None else hide(str(found))[:80]


def _data_end(connection: duckdb.DuckDBPyConnection, loaded: Mapping[str, Loaded], limit: pd.Timestamp) -> pd.Timestamp:
    """Return the midnight after the newest instant in any table, or ``limit`` where there is none."""
    newest = []
    for table in loaded.values():
        moments = [name for name in table.columns if _is_past(table.schema, name)]
        listed = ", ".join(
            f"max({name}) FILTER (WHERE {name} < {literal(limit.isoformat())})" for name in map(identifier, moments)
        )
        if listed:
            newest += [
                item for item in connection.execute(f"SELECT {listed} FROM {table.relation}").fetchone() or () if item
            ]
    return pd.Timestamp(max(newest)).floor("D") + pd.Timedelta(days=1) if newest else limit


def _is_past(schema: Schema, name: str) -> bool:
    column = schema.column(name)
    return column.kind == "instant" and not column.future
