"""Source tables that a user declares: their columns, and from when on each value is known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, get_args

from cs_ml.errors import Fault, TableError
from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.column import Column, Kind
from cs_ml.tables.revealed import SUFFIX
from cs_ml.tables.schema import Schema

__all__ = ["lacking", "own_table", "refuse_unrevealed", "with_own"]

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
GIVEN = ("account_id", "known_at")


def own_table(
    name: str,
    *,
    time: str,
    columns: Mapping[str, Kind | Column] | None = None,
    key: Iterable[str] = (),
    meaning: str = "",
) -> Schema:
    """Declare a source table of one's own; it is mapped, checked, audited and cut into buckets like the others.

    ``account_id`` and ``time`` are required columns of every such table, and ``known_at`` is understood. An instant
    other than ``time`` is hidden until it has passed, unless it is declared to lie ahead (``future``).

    Parameters
    ----------
    name
        Name of the table, and of its file.
    time
        Column with the instant of each row.
    columns
        Kind of each further column, or a :class:`cs_ml.tables.column.Column` that says more of it.
    key
        Columns that identify a row, where rows have an identity.
    meaning
        One line of plain English.

    Raises
    ------
    TableError
        If a name, a kind, or a column that ``key`` or ``reveals`` names cannot be; all such faults at once.

    Examples
    --------
    >>> graded = Column("passed", "flag", reveals=("graded_at",))
    >>> own = own_table("trainings", time="held_at", columns={"passed": graded, "graded_at": "instant"})
    >>> own.names
    ('account_id', 'held_at', 'passed', 'graded_at', 'known_at')
    >>> own.column("graded_at").reveals
    ('graded_at',)
    """
    given = _given(name, columns)
    faults = [*_wrong_names(name, time, given), *_wrong_columns(name, time, given, tuple(key))]
    if faults:
        raise TableError(faults)
    own = [_hidden_until_passed(replace(item, name=column)) for column, item in given.items() if column != time]
    first = (Column("account_id", "id", required=True), Column(time, "instant", required=True))
    return Schema(
        name, (*first, *own, Column("known_at", "instant")), key=tuple(key), appears=(time,), own=True, meaning=meaning
    )


def with_own(own: Iterable[Schema]) -> dict[str, Schema]:
    """Return the schemas of the catalog and of a user, by name.

    Raises
    ------
    TableError
        If a name is there twice.
    """
    if isinstance(own, Schema) or not isinstance(own, Iterable):
        hint = "own=[cs_ml.own_table(...)]"
        raise TableError(Fault("own", "a list of tables that were declared", type(own).__name__, hint=hint))
    own = tuple(own)
    others = [item for item in own if not isinstance(item, Schema)]
    if others:
        raise TableError(Fault("own", "tables made by cs_ml.own_table", repr(others[0])))
    names = [schema.name for schema in own]
    twice = sorted({name for name in names if names.count(name) > 1 or name in SCHEMAS})
    if twice:
        raise TableError(
            [Fault(name, "a table that is declared once", "another one", hint="rename it") for name in twice]
        )
    return {**SCHEMAS, **dict(zip(names, own, strict=True))}


def refuse_unrevealed(schema: Schema, present: Collection[str], names: Iterable[str], origin: str) -> None:
    """Refuse an own table with a value whose moment of being revealed is not there: it would be used too early.

    Parameters
    ----------
    schema
        What was declared.
    present
        Columns that the table has, under their canonical names.
    names
        Columns of the source, for the message.
    origin
        File or table, for the message.

    Raises
    ------
    TableError
        With every such column.
    """
    faults, listed = [], list(names)
    for column in schema.columns if schema.own else ():
        for moment in column.reveals if column.name in present else ():
            if moment not in present:
                near = get_close_matches(moment, listed, n=1)
                hint = f"map it: tables.map.{schema.name}.columns.{moment}{f', such as {near[0]}' if near else ''}"
                where, expected = f"{schema.name}.{column.name}", f"{moment}, which `reveals` it, in {origin}"
                faults.append(Fault(where, expected, f"columns {', '.join(listed)}", hint=hint))
    if faults:
        raise TableError(faults)


def lacking(schema: Schema, present: Collection[str]) -> list[str]:
    """Return the columns that were declared for an own table and that it lacks, as ``table.column``.

    Examples
    --------
    >>> lacking(own_table("trainings", time="held_at", columns={"hours": "number"}), ["account_id", "held_at"])
    ['trainings.hours']
    """
    named = [name for name in schema.names if name not in present and name != "known_at"]
    return [f"{schema.name}.{name}" for name in named if not name.endswith(SUFFIX)] if schema.own else []


def _given(name: str, columns: Any) -> dict[str, Column]:
    """Return what was said of each column; a kind alone is enough."""
    if columns is not None and not isinstance(columns, Mapping):
        hint = "columns={'hours': 'number'}"
        raise TableError(Fault(f"{name}: columns", "the kind of each column by its name", repr(columns), hint=hint))
    given, faults = {}, []
    for key, item in (columns or {}).items():
        if not isinstance(key, str) or not isinstance(item, str | Column):
            faults.append(Fault(f"{name}.{key}", "a kind or a cs_ml.Column", repr(item), hint="such as 'number'"))
        elif isinstance(item, Column) and isinstance(item.reveals, str):
            hint = f"reveals=({item.reveals!r},)"
            faults.append(Fault(f"{name}.{key}.reveals", "a tuple of names", repr(item.reveals), hint=hint))
        else:
            given[key] = Column(key, item) if isinstance(item, str) else item  # type: ignore[arg-type]
    if faults:
        raise TableError(faults)
    return given


def _hidden_until_passed(column: Column) -> Column:
    ahead = column.kind != "instant" or column.future or column.reveals
    return column if ahead else replace(column, reveals=(column.name,))


def _wrong_names(name: str, time: str, columns: Mapping[str, Column]) -> list[Fault]:
    faults = []
    if name in SCHEMAS:
        faults.append(Fault(name, "a table that the catalog has not", "a table of the catalog", hint="rename it"))
    for word in (name, time, *columns):
        where = name if word == name else f"{name}.{word}"
        if not NAME.fullmatch(word) or word.endswith(SUFFIX) or (word in GIVEN and word != name):
            expected = f"small letters, digits and _, not {' or '.join(GIVEN)}, not ending in {SUFFIX}"
            faults.append(Fault(where, expected, repr(word), hint="rename it here, and map the source's column to it"))
    return faults


def _wrong_columns(name: str, time: str, columns: Mapping[str, Column], key: tuple[str, ...]) -> list[Fault]:
    kinds: dict[str, str] = {**{column: item.kind for column, item in columns.items()}, time: "instant"}
    faults = [
        Fault(f"{name}.{column}", f"one of {', '.join(get_args(Kind))}", repr(kind))
        for column, kind in kinds.items()
        if kind not in get_args(Kind)
    ]
    if time in columns and columns[time].kind != "instant":
        faults.append(Fault(f"{name}.{time}", "an instant, because it is the time of a row", columns[time].kind))
    for column, item in columns.items():
        for moment in item.reveals:
            if kinds.get(moment) != "instant":
                found = kinds.get(moment, "no such column")
                faults.append(Fault(f"{name}.{column}.reveals: {moment}", "an instant of the table", found))
    known = {*kinds, "account_id"}
    return faults + [
        Fault(f"{name}.key: {column}", f"one of {', '.join(sorted(known))}", "no such column")
        for column in key
        if column not in known
    ]
