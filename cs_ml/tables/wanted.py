"""Which columns of a source a table needs: no source reads more where it can help it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.schema import Schema

__all__ = ["split", "wanted_columns"]


def wanted_columns(schema: Schema, mapping: TableMapping) -> frozenset[str] | None:
    """Return the source columns that can be needed; ``None`` where every column may be.

    Parameters
    ----------
    schema
        What is wanted.
    mapping
        How it is read.

    Examples
    --------
    >>> from cs_ml.tables import SCHEMAS, ColumnSpec
    >>> mapping = TableMapping(columns={"period": ColumnSpec("month")})
    >>> sorted(wanted_columns(SCHEMAS["costs"], mapping))
    ['amount', 'category', 'month']
    """
    if schema.extras and not mapping.distinct:
        return None
    sources = [name for spec in mapping.columns.values() for name in spec.sources]
    named = [name for name in schema.names if name not in mapping.columns]
    return frozenset((*sources, *named, *(rule.column for rule in mapping.where)))


def split(present: Iterable[str], wanted: Collection[str] | None) -> tuple[list[str], tuple[str, ...]]:
    """Return the columns to read, in the source's order, and those to leave; all where none of them is wanted.

    Parameters
    ----------
    present
        Columns of the source.
    wanted
        As :func:`wanted_columns` has it.

    Examples
    --------
    >>> split(["a", "b", "c"], {"c", "a", "z"})
    (['a', 'c'], ('b',))
    """
    present = list(present)
    read = present if wanted is None else [name for name in present if name in wanted]
    return (read, tuple(name for name in present if name not in read)) if read else (present, ())
