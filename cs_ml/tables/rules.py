"""The rules that every row of a source table must meet, as SQL over its prepared view."""

from __future__ import annotations

from dataclasses import dataclass

from cs_ml.tables.column import Column
from cs_ml.tables.mapping import ColumnSpec
from cs_ml.tables.schema import Schema
from cs_ml.tables.sql import identifier, literal

__all__ = ["UNKNOWN", "Rule", "how_written", "value_rules", "with_relations"]

UNKNOWN = "unknown_account"


@dataclass(frozen=True)
class Rule:
    """A condition that a row breaks, as SQL over the prepared view."""

    name: str
    column: str
    expected: str
    broken: str
    value: str
    hint: str = "correct the rows at their source, or leave them out with `where`"


def how_written(column: Column, spec: ColumnSpec, table: str) -> str:
    """Say what to do about values that cannot be read: the config can tell in what way they are written."""
    ways = {"instant": ("format", '"%d/%m/%Y"'), "number": ("thousands", '","')}
    if column.kind not in ways or spec.levels:
        return Rule.hint
    key, example = ways[column.kind]
    given = getattr(spec, key)
    way = f"`{key}: {example}`" if given is None else f"another `{key}` than {given!r}"
    return f"correct the rows, or declare {way} in tables.map.{table}.columns.{column.name}"


def value_rules(schema: Schema, columns: dict[str, Column], typed: set[str], data_end: str) -> list[Rule]:
    """Return the rules that look at one row alone."""
    rules = []
    for name, column in columns.items():
        quoted = identifier(name)
        if column.required:
            broken = f"{quoted} IS NULL" + (f" AND NOT {identifier(f'!type:{name}')}" if name in typed else "")
            rules.append(Rule("missing", name, "a value", broken, quoted))
        if column.levels:
            listed = ", ".join(literal(level) for level in column.levels)
            rules.append(Rule("level", name, column.expected, f"{quoted} NOT IN ({listed})", quoted))
        if column.minimum is not None:
            rules.append(
                Rule("minimum", name, f"at least {column.minimum:g}", f"{quoted} < {column.minimum!r}", quoted)
            )
        if column.maximum is not None:
            rules.append(Rule("maximum", name, f"at most {column.maximum:g}", f"{quoted} > {column.maximum!r}", quoted))
        if column.kind == "instant" and not column.future:
            hint = "if the data really reach further, declare book.data_end"
            rules.append(
                Rule(
                    "future",
                    name,
                    f"before {data_end[:10]}",
                    f"{quoted} >= TIMESTAMP {literal(data_end)}",
                    quoted,
                    hint,
                )
            )
    for strict, pairs in ((False, schema.before), (True, schema.strictly_before)):
        for early, late in pairs:
            if early in columns and late in columns:
                broken = f"{identifier(early)} {'>=' if strict else '>'} {identifier(late)}"
                rules.append(Rule("order", late, f"after {early}", broken, identifier(late)))
    return rules


def with_relations(
    select: str, schema: Schema, present: tuple[str, ...], accounts: str | None
) -> tuple[str, list[Rule]]:
    """Add the rules that look at other rows: a known account, a key that is there once."""
    added, rules = [], []
    if accounts is not None and "account_id" in present:
        added.append(f'account_id NOT IN (SELECT account_id FROM {accounts}) AS "!unknown"')
        rules.append(Rule(UNKNOWN, "account_id", "an account of the accounts table", '"!unknown"', "account_id"))
    key = [name for name in schema.key if name in present]
    if schema.key and key:
        over = f"OVER (PARTITION BY {', '.join(identifier(name) for name in key)})"
        whole = f"hash({', '.join(identifier(name) for name in present)})"
        ordered = f"{over[:-1]} ORDER BY {whole})"
        different = f"min({whole}) {over} <> max({whole}) {over}"
        added.append(f'count(*) {over} > 1 AND ({different} OR row_number() {ordered} > 1) AS "!duplicate"')
        shown = " || ', ' || ".join(f"coalesce(CAST({identifier(name)} AS VARCHAR), '')" for name in key)
        rules.append(Rule("duplicate_key", ", ".join(key), "a key that is there once", '"!duplicate"', shown))
    return (f"SELECT *, {', '.join(added)} FROM ({select})" if added else select), rules
