"""Four ways to change the future of a date without touching what was known before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.tables.schema import Schema

__all__ = ["CHANGES", "Changed"]


@dataclass(frozen=True)
class Changed:
    """Rows of a table after its future was changed, and how many rows that touched."""

    rows: pd.DataFrame
    touched: int


def deleted(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp, rng: np.random.Generator) -> Changed:
    """Delete rows that were not yet known, and values that were not yet revealed."""
    unknown, _ = unseen(rows, schema, date), rng
    kept = rows[~unknown].copy()
    touched = int(unknown.sum())
    for name, hidden in revealed_later(kept, schema, date).items():
        kept[name] = kept[name].where(~hidden, None)
        touched += int(hidden.sum())
    return Changed(kept, touched)


def altered(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp, rng: np.random.Generator) -> Changed:
    """Give future rows other values and other accounts, and values revealed later another content."""
    unknown = unseen(rows, schema, date)
    result = rows.copy()
    for name in rows.columns:
        if name not in schema.key and name != "known_at":
            result.loc[unknown, name] = _other(rows.loc[unknown, name], schema, rng)
    touched = int(unknown.sum())
    for name, hidden in revealed_later(rows, schema, date).items():
        result.loc[hidden, name] = _other(rows.loc[hidden, name], schema, rng)
        touched += int(hidden.sum())
    return Changed(result, touched)


def filled(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp, rng: np.random.Generator) -> Changed:
    """Add rows with values of their own that happened before the date and became known after it."""
    if not schema.time_stamped:
        return Changed(rows, 0)
    past = rows[~unseen(rows, schema, date)]
    late = past.sample(n=min(len(past), max(20, len(past) // 3)), random_state=rng).copy()
    late["known_at"] = np.datetime64(date + pd.Timedelta(days=1), "us")
    for name in late.columns.difference(["account_id", *schema.key]):
        if schema.column(name).kind != "instant":
            late[name] = _other(late[name], schema, rng)
    name = schema.key[0] if schema.key else "account_id"
    if name != "account_id" and name in late:
        late[name] = "late-" + late[name].astype(str)
    return Changed(pd.concat([rows, late], ignore_index=True), len(late))


def shuffled(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp, rng: np.random.Generator) -> Changed:
    """Hand the future rows to other accounts, and put all rows in another order."""
    unknown = unseen(rows, schema, date)
    result = rows.copy()
    if "account_id" in rows and "account_id" not in schema.key:
        result.loc[unknown, "account_id"] = rng.permutation(rows.loc[unknown, "account_id"].to_numpy(copy=True))
    return Changed(result.sample(frac=1.0, random_state=rng).reset_index(drop=True), int(unknown.sum()))


def unseen(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp) -> np.ndarray:
    """Tell which rows were not known before a date."""
    moments = [name for name in ("known_at", *schema.appears, "valid_from") if name in rows]
    if not moments:
        return np.zeros(len(rows), dtype=bool)
    return np.asarray(rows[moments[0]] >= date, dtype=bool)


def revealed_later(rows: pd.DataFrame, schema: Schema, date: pd.Timestamp) -> dict[str, np.ndarray]:
    """Tell for each column which of its values were revealed on or after a date, in rows known before it."""
    known = ~unseen(rows, schema, date)
    later = {}
    for column in schema.columns:
        moments = [rows[name] for name in column.reveals if name in rows]
        if column.name in rows and moments:
            first = moments[0]
            for moment in moments[1:]:
                first = first.fillna(moment)
            later[column.name] = known & np.asarray((first >= date) & rows[column.name].notna(), dtype=bool)
    return later


def _other(values: pd.Series, schema: Schema, rng: np.random.Generator) -> pd.Series:
    """Return other values of the same kind; instants move further into the future, missing values stay missing."""
    column = schema.column(str(values.name))
    if column.kind == "instant":
        return values + pd.to_timedelta(rng.integers(1, 60, len(values)), unit="D").as_unit("us")
    if column.kind == "number":
        return values * 3 + 1
    if column.kind == "flag":
        return values.map({True: False, False: True})
    if column.levels or column.name == "account_id":
        return pd.Series(rng.permutation(values.to_numpy(copy=True)), index=values.index, dtype=values.dtype)
    return values + "~"


Change = Callable[[pd.DataFrame, Schema, pd.Timestamp, np.random.Generator], Changed]
CHANGES: dict[str, Change] = {"deleted": deleted, "altered": altered, "filled": filled, "shuffled": shuffled}
