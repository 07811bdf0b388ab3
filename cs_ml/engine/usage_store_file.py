"""A state of usage as one Arrow file: written in one step, read without copies, nothing in it that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cs_ml.engine.usage_state import Days, UsageState
from cs_ml.errors import StorageError
from cs_ml.store.aside import disk, written_aside

__all__ = ["read_state", "write_state"]

ABOUT = b"usage"
PARTS = ("days", "users", "features", "logins")
NUMBERS = ("first_day", "last_day", "n_rows", "n_ignored")


def write_state(path: Path, account_ids: Sequence[str], state: UsageState) -> Path:
    """Write a state and the accounts it is of, replacing an older file in one step.

    The same state gives the same bytes.

    Raises
    ------
    StorageError
        When the disk does not let us; an older file is untouched then.
    """
    arrays: dict[str, pa.Array] = {"account_ids": pa.array(list(account_ids), pa.large_string())}
    words = {}
    parts = {name: getattr(state, name) for name in PARTS} | {f"top:{name}": part for name, part in state.top.items()}
    for part, days in parts.items():
        for name, array in _named(days) if days is not None else ():
            arrays[f"{part}/{name}"] = pa.array(array.ravel())
            if array.ndim > 1:
                words[f"{part}/{name}"] = array.shape[1]
    about = {name: getattr(state, name) for name in NUMBERS}
    about |= {"feature_names": list(state.feature_names), "top": list(state.top), "words": words}
    columns = {
        name: pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), array)
        for name, array in arrays.items()
    }
    batch = pa.RecordBatch.from_pydict(columns, metadata={ABOUT: json.dumps(about, sort_keys=True).encode()})
    with written_aside(path) as aside, pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as file:
        file.write_batch(batch)
    return path


def _named(days: Days) -> Iterator[tuple[str, np.ndarray]]:
    for field in fields(Days):
        value = getattr(days, field.name)
        if isinstance(value, Mapping):
            yield from ((f"{field.name}:{name}", array) for name, array in value.items())
        else:
            yield field.name, value


def read_state(path: Path) -> tuple[list[str], UsageState]:
    """Read a state, mapped into memory; its bytes must have been checked.

    Returns
    -------
    account_ids, state
        The long arrays are views of the file, and cannot be written to.

    Raises
    ------
    StorageError
        When the file is missing or is no such file.
    """
    with disk(path, "read"):
        try:
            batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
            about = json.loads(batch.schema.metadata[ABOUT])
        except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
            raise StorageError(f"cannot read {path}: it holds no state of usage ({error})") from error
    arrays = {name: batch.column(name).values for name in batch.schema.names}
    ids = arrays.pop("account_ids").to_pylist()
    made = {part: _days(part, arrays, about["words"]) for part in dict.fromkeys(name.split("/")[0] for name in arrays)}
    top = {name: made[f"top:{name}"] for name in about["top"]}
    days, users, features, logins = made["days"], made.get("users"), made.get("features"), made.get("logins")
    span, counts = (about["first_day"], about["last_day"]), (about["n_rows"], about["n_ignored"])
    return ids, UsageState(days, users, features, logins, *span, *counts, tuple(about["feature_names"]), top)


def _days(part: str, arrays: Mapping[str, pa.Array], words: Mapping[str, int]) -> Days:
    found: dict[str, Any] = {"values": {}, "late_values": {}}
    for column, array in arrays.items():
        if column.startswith(f"{part}/"):
            name, values = column.removeprefix(f"{part}/"), array.to_numpy()
            if column in words:
                values = values.reshape(-1, words[column])
            field, _, key = name.partition(":")
            if key:
                found[field][key] = values
            else:
                found[field] = values
    return Days(**found)
