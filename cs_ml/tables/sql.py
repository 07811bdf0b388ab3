"""SQL expressions that turn a source column into a canonical one; names and values are quoted here."""

from __future__ import annotations

from typing import Any

from cs_ml.tables.column import Column
from cs_ml.tables.mapping import ColumnSpec, Filter, TableMapping

__all__ = ["canonical", "condition", "identifier", "literal", "raw_value"]

OFFSET = r"\d{2}:\d{2}.*([Zz]|[+-]\d{2}(:?\d{2})?)\s*$"
TRUE, FALSE = "('true','t','1','yes','y')", "('false','f','0','no','n')"
COMPARISONS = {"equals": "=", "not_equals": "<>", "above": ">", "at_least": ">=", "below": "<", "at_most": "<="}


def identifier(name: str) -> str:
    """Quote a name so that no character of it can end the quotation.

    Examples
    --------
    >>> print(identifier('an "odd" name'))
    "an ""odd"" name"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Write a value as an SQL literal.

    Examples
    --------
    >>> literal("it's"), literal(3), literal(None), literal(True)
    ("'it''s'", '3', 'NULL', 'TRUE')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def condition(rule: Filter) -> str:
    """Write a filter as an SQL condition; a missing value meets ``is_null`` and the negative conditions only."""
    name, value = identifier(rule.column), rule.value
    if rule.condition == "is_null":
        return f"{name} IS {'' if value else 'NOT '}NULL"
    if rule.condition in {"in", "not_in"}:
        listed = ", ".join(literal(item) for item in value)
        inside = f"{name} IN ({listed})"
        return f"coalesce({inside}, FALSE)" if rule.condition == "in" else f"NOT coalesce({inside}, FALSE)"
    if rule.condition.endswith("starts_with"):
        starts = f"coalesce(starts_with(CAST({name} AS VARCHAR), {literal(value)}), FALSE)"
        return starts if rule.condition == "starts_with" else f"NOT {starts}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    left = f"TRY_CAST({name} AS DOUBLE)" if number else f"CAST({name} AS VARCHAR)"
    return f"coalesce({left} {COMPARISONS[rule.condition]} {literal(value)}, {rule.condition == 'not_equals'})"


def instant(value: str, dtype: str, mapping: TableMapping, written: str | None) -> str:
    """Write a source value as a naive UTC timestamp, ``NULL`` where it cannot be read."""

    def utc(naive: str) -> str:
        zone = literal(mapping.timezone)
        return naive if mapping.timezone == "UTC" else f"timezone('UTC', timezone({zone}, {naive}))"

    if dtype == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {value})"
    if dtype == "DATE" or dtype.startswith("TIMESTAMP"):
        return utc(f"CAST({value} AS TIMESTAMP)")
    text = f"CAST({value} AS VARCHAR)"
    if written is not None:
        return utc(f"CAST(try_strptime({text}, {literal(written)}) AS TIMESTAMP)")
    if dtype != "VARCHAR":
        return "CAST(NULL AS TIMESTAMP)"
    offset = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
    plain = utc(f"TRY_CAST({text} AS TIMESTAMP)")
    return f"CASE WHEN regexp_matches({text}, {literal(OFFSET)}) THEN {offset} ELSE {plain} END"


def grouped(value: str, thousands: str) -> str:
    """Write text such as ``¥93,600`` or ``９３，６００円`` as text that is a number."""
    half = f"translate({value}, '０１２３４５６７８９，．－＋　', '0123456789,.-+ ')"
    bare = rf"regexp_replace({half}, '^([-+]?)\s*[¥￥$€£]?\s*|\s*[円¥￥$€£]?\s*$', '\1', 'g')"
    group, point = f"[{thousands}]", "[.]" if thousands == "," else "[,]"
    shape = literal(rf"^[-+]?(\d+|\d{{1,3}}({group}\d{{3}})+)({point}\d+)?$")
    plain = f"replace(replace({bare}, {literal(thousands)}, ''), ',', '.')"
    return f"CASE WHEN regexp_matches({bare}, {shape}) THEN {plain} END"


def number(value: str, dtype: str, factor: float = 1.0, thousands: str | None = None) -> str:
    """Write a source value as a finite double, ``NULL`` where it cannot be read."""
    value = grouped(value, thousands) if thousands is not None and dtype == "VARCHAR" else value
    cast = value if dtype == "DOUBLE" else f"TRY_CAST({value} AS DOUBLE)"
    finite = f"CASE WHEN isfinite({cast}) THEN {cast} END" if dtype in {"DOUBLE", "FLOAT", "VARCHAR"} else cast
    return finite if factor == 1.0 else f"({finite}) * {factor!r}"


def string(value: str, dtype: str) -> str:
    """Write a source value as text; a whole number stored as a float keeps no decimals, empty text is missing."""
    if dtype in {"DOUBLE", "FLOAT"}:
        whole = f"CAST(CAST({value} AS BIGINT) AS VARCHAR)"
        written = f"CASE WHEN {value} = floor({value}) THEN {whole} ELSE CAST({value} AS VARCHAR) END"
        return f"CASE WHEN isfinite({value}) THEN {written} END"
    return f"nullif(trim({value}), '')" if dtype == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def flag(value: str, dtype: str) -> str:
    """Write a source value as true or false."""
    if dtype == "BOOLEAN":
        return value
    text = f"lower(trim(CAST({value} AS VARCHAR)))"
    return f"CASE WHEN {text} IN {TRUE} THEN TRUE WHEN {text} IN {FALSE} THEN FALSE END"


def raw_value(spec: ColumnSpec, types: dict[str, str]) -> str:
    """Write the source value of a column before it is read as its kind; empty text and NaN are missing."""
    present = []
    for name in spec.sources:
        quoted = identifier(name)
        if types[name] in {"DOUBLE", "FLOAT"}:
            quoted = f"CASE WHEN NOT isnan({quoted}) THEN {quoted} END"
        present.append(f"nullif(trim({quoted}), '')" if types[name] == "VARCHAR" else quoted)
    if not present:
        return literal(spec.constant)
    if spec.coalesce and len({types[name] for name in spec.sources}) > 1:
        present = [f"CAST({value} AS VARCHAR)" for value in present]
    return present[0] if len(present) == 1 else f"coalesce({', '.join(present)})"


def canonical(column: Column, spec: ColumnSpec, types: dict[str, str], mapping: TableMapping) -> str:
    """Write one canonical column as an SQL expression over the source columns.

    Parameters
    ----------
    column
        What the column must hold.
    spec
        Where it comes from.
    types
        DuckDB type of each source column.
    mapping
        Time zone of the source.
    """
    value = raw_value(spec, types)
    kinds = {types[name] for name in spec.sources}
    dtype = kinds.pop() if len(kinds) == 1 else "VARCHAR"
    if spec.constant is not None:
        value, dtype = f"CAST({value} AS VARCHAR)", "VARCHAR"
    if spec.levels:
        pairs = " ".join(f"WHEN {literal(str(key))} THEN {literal(item)}" for key, item in spec.levels.items())
        value = f"CASE {string(value, dtype)} {pairs} END"
        dtype = "DOUBLE" if all(isinstance(item, int | float) for item in spec.levels.values()) else "VARCHAR"
        value = f"CAST({value} AS {dtype})"
    if spec.product:
        left, right = (number(identifier(name), types[name], 1.0, spec.thousands) for name in spec.product)
        return number(f"({left}) * ({right})", "DOUBLE", spec.factor)
    if spec.add_months or spec.add_days:
        return _added(spec, types, mapping)
    if column.kind == "instant":
        return instant(value, dtype, mapping, spec.format)
    if column.kind == "number":
        return number(value, dtype, spec.factor, spec.thousands)
    return flag(value, dtype) if column.kind == "flag" else string(value, dtype)


def _added(spec: ColumnSpec, types: dict[str, str], mapping: TableMapping) -> str:
    start, step = spec.add_months or spec.add_days
    moment = instant(identifier(str(start)), types[str(start)], mapping, spec.format)
    count = number(identifier(step), types[step]) if isinstance(step, str) else repr(step)
    unit = "to_months" if spec.add_months else "to_days"
    return f"{moment} + {unit}(CAST({count} AS INTEGER))"
