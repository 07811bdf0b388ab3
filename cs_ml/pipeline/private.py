"""Rows set aside for people to look at, without what identifies a person in their free text."""

from __future__ import annotations

import pandas as pd

from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.redact import redact_columns
from cs_ml.tables.schema import Schema

__all__ = ["without_persons"]


def without_persons(rows: pd.DataFrame, schema: Schema, mapping: TableMapping | None) -> pd.DataFrame:
    """Return rejected rows as strings; what feeds keys, instants, numbers and categories stays as it is.

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
    >>> rows = pd.DataFrame({"account_id": ["0312345678"], "text": ["03-1234-5678"], "memo": ["a@example.com"]})
    >>> without_persons(rows, SCHEMAS["voc"], None).iloc[0].tolist()
    ['0312345678', '[PHONE]', '[MAIL]']
    """
    specs = {} if mapping is None else mapping.columns
    keep = {"broken_rules"}
    for column in schema.columns:
        if column.kind != "text":
            keep |= {column.name} | set(specs[column.name].sources if column.name in specs else ())
    told = {source for name, spec in specs.items() if name in schema.names and schema.column(name).kind == "text"
            for source in spec.sources}  # fmt: skip
    return redact_columns(rows.astype(str), keep - told)
