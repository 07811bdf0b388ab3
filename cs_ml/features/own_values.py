"""Values of a feature of one's own, held against the kind that it promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.features.feature import Feature
from cs_ml.tables.redact import hide_in_levels, redact

__all__ = ["checked_column"]

WORDS = ("category", "text")
NO_VALUES = {"M": "instants", "m": "lengths of time", "c": "complex numbers"}
SPREAD = "spread the answers of a groupby over all keys: seen.spread(answers)"
DAYS = "return days, as seen.days_since(column) has them"


def checked_column(about: Feature, values: Any, n_keys: int) -> np.ndarray:
    """Return the values of a feature as its kind has them: float64, or objects with ``None``.

    Parameters
    ----------
    about
        What the feature promises.
    values
        What was made; a series is put into the order of its index, the position of each key.
    n_keys
        How many there must be.

    Raises
    ------
    FrameError
        If there are not so many, in one dimension, a series is not indexed by the keys' positions, or a value is not of
        the kind.

    Examples
    --------
    >>> about = Feature("a", "usage", "count", "A", "あ", "{value}", "{value}")
    >>> checked_column(about, [1, None], 2)
    array([ 1., nan])
    """
    where = f"feature {about.name}"
    if np.shape(values) != (n_keys,):
        found = f"{type(values).__name__} of shape {np.shape(values)}"
        hint = SPREAD if isinstance(values, pd.Series) else None
        raise FrameError(Fault(where, f"{n_keys:,} values, one an account and date", found, hint=hint))
    if isinstance(values, pd.Series):
        values = _in_order(values, where)
    if (kind := pd.Series(values).dtype.kind) in NO_VALUES:
        raise FrameError(Fault(where, "numbers, flags or text", NO_VALUES[kind], hint=DAYS if kind in "mM" else None))
    column = pd.Series(np.asarray(values, dtype=object))
    return _words(column, where, about.kind) if about.kind in WORDS else _numbers(column, where)


def _in_order(values: pd.Series, where: str) -> pd.Series:
    """Put a series that was sorted back into the order of the keys, whose positions are its index."""
    places = values.index.get_indexer(pd.RangeIndex(len(values))) if values.index.is_unique else np.array([-1])
    if (places < 0).any():
        found = f"an index such as {values.index[-1]!r}"
        raise FrameError(Fault(where, f"a series indexed by `key`, 0 to {len(values) - 1:,}", found, hint=SPREAD))
    return values.iloc[places]


def _words(column: pd.Series, where: str, kind: str) -> np.ndarray:
    present = column.notna()
    wrong = column[present][~column[present].map(lambda item: isinstance(item, str))]
    if len(wrong):
        raise FrameError(Fault(where, "text or nothing", repr(wrong.iloc[0]), len(wrong), "or declare another `kind`"))
    words = column.map(redact, na_action="ignore") if kind == "text" else hide_in_levels(column)
    return words.where(present, None).to_numpy()


def _numbers(column: pd.Series, where: str) -> np.ndarray:
    present = column.notna()
    numbers = pd.to_numeric(column.where(present), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    text = column.map(lambda item: isinstance(item, str)).to_numpy(dtype=bool)
    wrong = present.to_numpy() & (~np.isfinite(numbers) | text)
    if wrong.any():
        hint = "or declare kind='category'" if text.any() else "leave it missing where there is no answer"
        raise FrameError(Fault(where, "finite numbers or nothing", repr(column[wrong].iloc[0]), int(wrong.sum()), hint))
    return numbers
