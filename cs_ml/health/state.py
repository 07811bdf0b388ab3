"""Frames as plain values and back, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["frame_from", "frame_state"]


def frame_state(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a small table as lists that JSON can hold; NaN becomes None.

    Parameters
    ----------
    frame
        Columns of floats, ints, bools or text; an index with one level.

    Returns
    -------
    dict
        For :func:`frame_from`.

    Examples
    --------
    >>> table = pd.DataFrame({"low": [0.1, np.nan], "rows": [3, 4]}, index=pd.Index(["a", "b"], name="measure"))
    >>> frame_from(frame_state(table)).equals(table)
    True
    """
    columns = {str(name): [_plain(value) for value in frame[name]] for name in frame}
    kinds = {str(name): frame[name].dtype.kind for name in frame}
    return {"index": list(frame.index), "name": frame.index.name, "columns": columns, "kinds": kinds}


def frame_from(state: dict[str, Any]) -> pd.DataFrame:
    """Rebuild a table from :func:`frame_state`."""
    index = (
        pd.RangeIndex(len(state["index"])) if state["name"] is None else pd.Index(state["index"], name=state["name"])
    )
    types = {"f": "float64", "i": "int64", "b": "bool"}
    columns = {
        name: pd.Series(values, index=index, dtype=types.get(state["kinds"][name]))
        for name, values in state["columns"].items()
    }
    return pd.DataFrame(columns, index=index)


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
