"""Rows set aside for people to look at, without what identifies a person."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.redact import hide_contacts, hide_in_cell, redact
from cs_ml.tables.schema import Schema

__all__ = ["without_persons"]


def without_persons(rows: pd.DataFrame, schema: Schema, mapping: TableMapping | None) -> pd.DataFrame:
    """Return rejected rows as strings, redacted in every column; identifiers keep all but addresses and phone numbers.

    Parameters
    ----------
    rows
        Rows as the source has them.
    schema
        What the table is.
    mapping
        How its columns are named in the source.

    Examples
    --------
    >>> from cs_ml.tables import SCHEMAS
    >>> row = {"account_id": "0312345678", "text": "03-1234-5678", "said_at": "today, a@example.com", "memo": "Mr. Lee"}
    >>> without_persons(pd.DataFrame([row]), SCHEMAS["voc"], None).iloc[0].tolist()
    ['0312345678', '[PHONE]', 'today, [MAIL]', 'Mr. [NAME]']
    """
    kinds = _kinds(schema, mapping)
    told = {
        str(name): rows[name].astype(str).map(_hider(kinds.get(str(name), "text")), na_action="ignore") for name in rows
    }
    return rows.assign(**{**told, "broken_rules": rows["broken_rules"]} if "broken_rules" in rows else told)


def _hider(kind: str) -> Callable[[str], str]:
    return {"text": redact, "id": hide_contacts}.get(kind, hide_in_cell)


def _kinds(schema: Schema, mapping: TableMapping | None) -> dict[str, str]:
    """Return what each column of the source holds; free text where it feeds more than one kind."""
    kinds: dict[str, str] = {}
    specs = {} if mapping is None else mapping.columns
    for column in schema.columns:
        for source in specs[column.name].sources if column.name in specs else (column.name,):
            kinds[source] = column.kind if kinds.get(source, column.kind) == column.kind else "text"
    return kinds
