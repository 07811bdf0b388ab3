"""Values as plain JSON: what estimators hand over, with numbers that come back bit for bit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, InputError


def plain(value: Any, where: str = "value") -> Any:
    """Return a value made of str, int, float, bool, None, list and dict only.

    NumPy numbers become Python numbers, tuples become lists, dates become ISO text, NaN becomes None.

    Parameters
    ----------
    value
        Nested value.
    where
        Name of the value in error messages.

    Raises
    ------
    InputError
        For every value that JSON cannot hold (infinity, objects, keys that are not text), all at once.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"weights": (np.float64(0.1), float("nan")), "n": np.int64(3)})
    {'weights': [0.1, None], 'n': 3}
    >>> plain({"cap": float("inf")})
    Traceback (most recent call last):
    cs_ml.errors.InputError: value.cap: expected a finite number, found inf
    """
    faults = list(_faults(value, where))
    if faults:
        raise InputError(faults)
    return _plain(value)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Write a value as JSON text, floats exactly, characters as they are.

    Parameters
    ----------
    value
        Nested value, see :func:`plain`.
    indent
        Spaces per level; None writes one line.

    Examples
    --------
    >>> to_json({"b": 0.1, "a": "高"})
    '{"b": 0.1, "a": "高"}'
    """
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=indent)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.isoformat() if isinstance(value, date) else value


def _faults(value: Any, where: str) -> Iterator[Fault]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield Fault(where, "keys that are text", repr(key), hint="convert the keys")
            yield from _faults(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for position, inner in enumerate(value):
            yield from _faults(inner, f"{where}[{position}]")
    elif isinstance(value, (float, np.floating)) and math.isinf(value):
        yield Fault(where, "a finite number", str(value))
    elif not _is_scalar(value):
        yield Fault(where, "text, a number, a flag, None, a list or a dict", type(value).__name__)


def _is_scalar(value: Any) -> bool:
    known = (str, bool, int, float, date, np.integer, np.floating, np.bool_, np.str_)
    return value is None or value is pd.NaT or value is pd.NA or isinstance(value, known)
