"""When a value that is revealed later than its row was known: a companion column says it beside the value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cs_ml.tables.column import Column
from cs_ml.tables.schema import Schema
from cs_ml.tables.sql import identifier

__all__ = ["SUFFIX", "companions", "with_companions"]

SUFFIX = "_known_at"


def companions(schema: Schema, present: Iterable[str], lag_days: float) -> dict[str, str]:
    """Return SQL for the moment at which each value that is revealed later was known, by companion column.

    Parameters
    ----------
    schema
        What the table holds.
    present
        Columns that are there.
    lag_days
        Days between the moment that reveals a value and the moment we could have known it.

    Examples
    --------
    >>> from cs_ml.tables.catalog import SCHEMAS
    >>> print(companions(SCHEMAS["invoices"], ["due_at", "paid_at"], 1.0)["paid_at_known_at"])
    coalesce("paid_at") + to_seconds(86400.0)
    """
    there = set(present)
    lag = f" + to_seconds({lag_days * 86400!r})" if lag_days else ""
    found = {}
    for column in schema.columns:
        moments = [identifier(name) for name in column.reveals if name in there]
        if column.name in there and moments:
            found[f"{column.name}{SUFFIX}"] = f"coalesce({', '.join(moments)}){lag}"
    return found


def with_companions(schema: Schema, names: Iterable[str]) -> Schema:
    """Return the schema of a table whose companion columns say when its values were known.

    Parameters
    ----------
    schema
        What the table holds.
    names
        Companion columns that are there.
    """
    there = dict.fromkeys(names)
    columns = [
        replace(column, reveals=(f"{column.name}{SUFFIX}",)) if f"{column.name}{SUFFIX}" in there else column
        for column in schema.columns
    ]
    added = [Column(name, "instant", reveals=(name,), future=True) for name in there]
    return replace(schema, columns=(*columns, *added))
