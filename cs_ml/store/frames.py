"""Small frames as JSON: a catalog, a report card, a reliability table, with numbers that come back bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.store.plain import plain

_DTYPES: dict[str, Any] = {
    "number": "float64",
    "integer": "int64",
    "flag": "bool",
    "text": object,
    "time": "datetime64[ns]",
}


def frame_to_state(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a frame as a JSON-able dict, column by column.

    Categories become text, instants ISO text, missing values None.

    Parameters
    ----------
    frame
        Columns of numbers, flags, instants, text or plain values, under names that are text.

    Returns
    -------
    dict
        ``index`` (names of the index levels, empty for row numbers) and ``columns`` (name, kind, values).

    Examples
    --------
    >>> import pandas as pd
    >>> frame_to_state(pd.DataFrame({"share": [0.1, None]}))
    {'index': [], 'columns': [{'name': 'share', 'kind': 'number', 'values': [0.1, None]}]}
    """
    index = [name for name in frame.index.names if name is not None]
    if len(index) < frame.index.nlevels and not (frame.index.nlevels == 1 and not index):
        raise FrameError(Fault("index", "a name for every level", str(list(frame.index.names))))
    whole = frame.reset_index() if index else frame
    return {"index": index, "columns": [_column_to_state(name, column) for name, column in whole.items()]}


def frame_from_state(state: dict[str, Any]) -> pd.DataFrame:
    """Return the frame that :func:`frame_to_state` was given.

    Parameters
    ----------
    state
        ``index`` and ``columns``.

    Examples
    --------
    >>> frame_from_state({"index": [], "columns": [{"name": "n", "kind": "integer", "values": [3]}]})
       n
    0  3
    """
    frame = pd.DataFrame({column["name"]: _column_from_state(column) for column in state["columns"]})
    return frame.set_index(state["index"]) if state["index"] else frame


def _column_to_state(name: Any, column: pd.Series[Any]) -> dict[str, Any]:
    if not isinstance(name, str):
        raise FrameError(Fault("columns", "names that are text", repr(name), hint="rename the column"))
    values = plain(column.astype(object).tolist(), f"column {name}")
    return {"name": name, "kind": _kind(column), "values": values}


def _column_from_state(column: dict[str, Any]) -> pd.Series[Any]:
    values = np.array([*column["values"], None], dtype=object)[:-1]  # the last keeps NumPy from looking for a shape
    made: pd.Series[Any] = pd.Series(values, dtype=_DTYPES[column["kind"]])
    return made


def _kind(column: pd.Series[Any]) -> str:
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return "time"
    if pd.api.types.is_bool_dtype(column.dtype) and not column.hasnans:
        return "flag"
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text"
