"""SHA-256 of files, folders, frames and JSON: the same content gives the same hash on every machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.store.aside import disk
from cs_ml.store.plain import plain


def hash_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Parameters
    ----------
    path
        File of any size; it is read in blocks.

    Raises
    ------
    StorageError
        When the file cannot be read.
    """
    with disk(path, "read"), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8.

    Examples
    --------
    >>> hash_text("health")[:12]
    '62484e22a6a5'
    """
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_json(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value, whatever the order of its keys.

    Parameters
    ----------
    value
        Nested value, see :func:`cs_ml.store.plain.plain`.

    Examples
    --------
    >>> hash_json({"a": 1, "b": None}) == hash_json({"b": float("nan"), "a": 1})
    True
    """
    text = json.dumps(plain(value), sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hash_text(text)


def hash_frame(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a frame's index, columns and values in their order.

    Text hashes alike as ``str`` and as ``object``, instants alike in every resolution, and a missing value
    like a missing value; sort the rows first where their order means nothing.

    Parameters
    ----------
    frame
        Columns of numbers, flags, text, instants or categories.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"mrr": [1.0, 2.0], "plan": ["a", None]})
    >>> hash_frame(frame) == hash_frame(frame.astype({"plan": object}))
    True
    >>> hash_frame(frame) == hash_frame(frame.iloc[::-1])
    False
    """
    digest = hashlib.sha256()
    whole = frame.reset_index() if _is_named(frame.index) else frame
    for name, column in whole.items():
        kind, values = _bytes_of(column)
        digest.update(json.dumps([str(name), kind, len(column)]).encode())
        digest.update(values)
    return digest.hexdigest()


def _is_named(index: pd.Index[Any]) -> bool:
    return any(name is not None for name in index.names)


def _bytes_of(column: pd.Series[Any]) -> tuple[str, bytes]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if pd.api.types.is_bool_dtype(column.dtype) and not column.hasnans:
        return "flag", column.to_numpy(dtype=np.uint8).tobytes()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "time", column.to_numpy(dtype="datetime64[ns]").tobytes()
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return "number", column.to_numpy(dtype=np.float64).tobytes()
    if pd.api.types.is_float_dtype(column.dtype):
        return "number", _one_nan(column.to_numpy(dtype=np.float64, na_value=np.nan)).tobytes()
    texts = column.astype(object).where(column.notna(), None)
    return "text", pd.util.hash_array(texts.map(_text).to_numpy(dtype=object), categorize=True).tobytes()


def _one_nan(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.where(np.isnan(values), np.nan, values + 0.0)


def _text(value: Any) -> str:
    return "\0missing" if value is None else f"{type(value).__name__}:{value}"
