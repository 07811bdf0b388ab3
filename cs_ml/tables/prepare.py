"""One source table made canonical: its columns under their names and kinds, and the rules each row must meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from cs_ml.errors import Fault, TableError
from cs_ml.tables.column import Column
from cs_ml.tables.mapping import ColumnSpec, TableMapping
from cs_ml.tables.revealed import companions, with_companions
from cs_ml.tables.rules import Rule, how_written, value_rules, with_relations
from cs_ml.tables.schema import Schema
from cs_ml.tables.sources.raw import Raw
from cs_ml.tables.sql import canonical, condition, identifier, raw_value

__all__ = ["Prepared", "prepare"]

SOURCE = '"!source"'


@dataclass(frozen=True)
class Prepared:
    """A source table with canonical columns and its rules, before any row is judged.

    Parameters
    ----------
    schema
        What the table must hold.
    raw
        Where it comes from.
    select
        SQL with canonical columns and one ``!`` column a rule.
    columns
        Canonical columns that are present.
    rules
        Rules to judge rows by.
    renamed
        Source column of each canonical column that is taken as it stands; empty if any is computed.
    changed
        SQL condition on a row of the source: some value does not stand as it is, such as text with blanks around it.
    plain
        The same select without any computation, for a source none of whose rows is changed.
    """

    schema: Schema
    raw: Raw
    select: str
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]
    renamed: Mapping[str, str]
    changed: str = "TRUE"
    plain: str = ""


def prepare(schema: Schema, raw: Raw, mapping: TableMapping, *, accounts: str | None, data_end: str) -> Prepared:
    """Make one source table canonical.

    Parameters
    ----------
    schema, raw, mapping
        What is wanted, what there is, and how the one becomes the other.
    accounts
        Relation with the known accounts; ``None`` for tables without accounts and for the accounts themselves.
    data_end
        Timestamp before which every event must lie.

    Raises
    ------
    TableError
        If a column is missing or the mapping names one that does not exist; all such faults at once.
    """
    specs = _specs(schema, raw, mapping)
    columns = {name: schema.column(name) for name in specs}
    exprs = {name: canonical(columns[name], spec, raw.types, mapping) for name, spec in specs.items()}
    rules: list[Rule] = []
    inner: list[str] = []
    for name, spec in specs.items():
        inner.append(f"{exprs[name]} AS {identifier(name)}")
        if spec.sources and _may_fail(columns[name], spec, raw.types):
            flagged = identifier(f"!type:{name}")
            value = raw_value(spec, raw.types)
            inner.append(f"({value} IS NOT NULL AND {exprs[name]} IS NULL) AS {flagged}")
            hint = how_written(columns[name], spec, schema.name)
            rules.append(Rule("type", name, columns[name].expected, flagged, _shown(spec), hint))
    where = " AND ".join(condition(item) for item in mapping.where) or "TRUE"
    select = f'SELECT {SOURCE} AS "!row", {", ".join(inner)} FROM {_rows(raw, specs, mapping, where)} AS {SOURCE}'
    select = _with_moments(select, schema, specs, mapping)
    rules += value_rules(schema, columns, {rule.column for rule in rules}, data_end)
    select, more = with_relations(select, schema, tuple(specs), accounts)
    present = (*specs, *(["known_at"] if schema.time_stamped and "known_at" not in specs else []))
    moments = _moments(schema, specs, mapping)
    if moments:
        added = ", ".join(f"{text} AS {identifier(name)}" for name, text in moments.items())
        select, present = f"SELECT *, {added} FROM ({select})", (*present, *moments)
        schema = with_companions(schema, moments)
    plain = (
        not mapping.where
        and not mapping.distinct
        and all(_as_it_stands(columns[name], spec, raw.types, mapping) for name, spec in specs.items())
    )
    prepared = Prepared(schema, raw, select, present, (*rules, *more), {})
    if not plain or mapping.known_lag_days or moments:
        return prepared
    renamed = {name: str(spec.column) for name, spec in specs.items()}
    taken = ", ".join(f"{identifier(source)} AS {identifier(name)}" for name, source in renamed.items())
    quick = _with_moments(f"SELECT {taken} FROM {raw.relation}", schema, specs, mapping)
    changed = [f"({identifier(source)} IS DISTINCT FROM {exprs[name]})" for name, source in renamed.items()]
    return replace(prepared, renamed=renamed, changed=" OR ".join(changed), plain=quick)


def _specs(schema: Schema, raw: Raw, mapping: TableMapping) -> dict[str, ColumnSpec]:
    """Return the source of every canonical column that is present, or raise every fault at once."""
    faults, specs = _absent_filters(schema, raw, mapping), {}
    listed = ", ".join(raw.names)
    allowed = {*schema.names} if not schema.extras else {*schema.names, *mapping.columns}
    for name in mapping.columns:
        if name not in allowed:
            near = get_close_matches(name, schema.names, n=1)
            hint = f"did you mean {near[0]}?" if near else "see the data dictionary"
            faults.append(Fault(f"{schema.name}.{name}", "a column of the catalog", "an unknown name", hint=hint))
    for name in (*schema.names, *(key for key in mapping.columns if key not in schema.names)):
        spec = mapping.columns.get(name) or (ColumnSpec(column=name) if name in raw.types else None)
        absent = [source for source in spec.sources if source not in raw.types] if spec else []
        for source in absent:
            near = get_close_matches(source, raw.names, n=1)
            hint = f"did you mean {near[0]}?" if near else "name the column that holds it in the config"
            faults.append(
                Fault(
                    f"{raw.origin}: {source}", "a column for " + f"{schema.name}.{name}", f"columns {listed}", hint=hint
                )
            )
        if spec is None and name in schema.required:
            hint = f"map it in the config: tables.map.{schema.name}.columns.{name}"
            faults.append(Fault(f"{schema.name}.{name}", f"a column in {raw.origin}", f"columns {listed}", hint=hint))
        elif spec is not None and not absent:
            specs[name] = spec
    if faults:
        raise TableError(faults)
    if schema.extras and not mapping.distinct:
        used = {source for spec in specs.values() for source in spec.sources}
        specs |= {name: ColumnSpec(column=name) for name in raw.types if name not in used and name not in specs}
    return specs


def _absent_filters(schema: Schema, raw: Raw, mapping: TableMapping) -> list[Fault]:
    """Return a fault for each column of ``where`` that is not there; to DuckDB case makes no difference."""
    present, listed = {name.lower() for name in raw.types}, ", ".join(raw.names)
    faults = []
    for name in dict.fromkeys(rule.column for rule in mapping.where if rule.column.lower() not in present):
        near = get_close_matches(name, raw.names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"correct tables.map.{schema.name}.where"
        wanted = f"a column for `where` of {schema.name}"
        faults.append(Fault(f"{raw.origin}: {name}", wanted, f"columns {listed}", hint=hint))
    return faults


def _rows(raw: Raw, specs: dict[str, ColumnSpec], mapping: TableMapping, where: str) -> str:
    """Return the source rows that are read, each different one once where asked."""
    if not mapping.distinct:
        return f"(SELECT * FROM {raw.relation} WHERE {where})"
    listed = dict.fromkeys(identifier(name) for spec in specs.values() for name in spec.sources)
    return f"(SELECT DISTINCT {', '.join(listed)} FROM {raw.relation} WHERE {where})"


def _may_fail(column: Column, spec: ColumnSpec, types: dict[str, str]) -> bool:
    kinds = {types[name] for name in spec.sources}
    if spec.product or spec.add_months or spec.add_days:
        return False
    if spec.levels:
        return True
    if column.kind in {"id", "text", "category"}:
        return False
    if column.kind == "number":
        return not all(kind.split("(")[0] in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL"} for kind in kinds)
    if column.kind == "flag":
        return kinds != {"BOOLEAN"}
    return not all(kind.startswith("TIMESTAMP") or kind == "DATE" for kind in kinds)


def _as_it_stands(column: Column, spec: ColumnSpec, types: dict[str, str], mapping: TableMapping) -> bool:
    if spec != ColumnSpec(column=spec.column) or spec.column is None:
        return False
    kind = types[spec.column]
    if column.kind == "instant":
        return kind.startswith("TIMESTAMP") and kind != "TIMESTAMP WITH TIME ZONE" and mapping.timezone == "UTC"
    return (
        kind == "DOUBLE"
        if column.kind == "number"
        else kind == "VARCHAR"
        if column.kind != "flag"
        else kind == "BOOLEAN"
    )


def _shown(spec: ColumnSpec) -> str:
    return f'"!row".{identifier(spec.sources[0])}'


def _with_moments(select: str, schema: Schema, specs: dict[str, ColumnSpec], mapping: TableMapping) -> str:
    """Apply ``when_before`` and make sure that time-stamped rows carry ``known_at``."""
    replaced = [
        f"CASE WHEN {name} < {identifier(spec.when_before)} THEN {name} END AS {name}"
        for name, spec in ((identifier(key), spec) for key, spec in specs.items())
        if spec.when_before is not None
    ]
    if replaced:
        select = f"SELECT * REPLACE ({', '.join(replaced)}) FROM ({select})"
    if not schema.time_stamped:
        return select
    appears = [identifier(name) for name in schema.appears if name in specs]
    first = f"coalesce({', '.join(appears)})" if appears else "CAST(NULL AS TIMESTAMP)"
    lag = f" + to_seconds({mapping.known_lag_days * 86400!r})" if mapping.known_lag_days else ""
    if "known_at" in specs:
        return f"SELECT * REPLACE (greatest(known_at, {first}) AS known_at) FROM ({select})"
    return f"SELECT *, {first}{lag} AS known_at FROM ({select})"


def _moments(schema: Schema, specs: dict[str, ColumnSpec], mapping: TableMapping) -> dict[str, str]:
    """Return when each value revealed later was known, where that is not the moment that reveals it."""
    if not schema.own and not (schema.time_stamped and mapping.known_lag_days):
        return {}
    return companions(schema, specs, mapping.known_lag_days)
