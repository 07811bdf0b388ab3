"""What may stand in a feature frame, and how columns are found in it by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import validate_data

from cs_ml.errors import Fault, FrameError

__all__ = ["bare", "column_kind", "numbers", "open_frame", "select", "words"]

Floats = npt.NDArray[np.float64]
LONGEST_LEVEL = 120  # characters


def open_frame(estimator: Any, X: Any, *, reset: bool) -> pd.DataFrame:
    """Return what an estimator was given as a frame with exactly the columns it was fitted on.

    Parameters
    ----------
    estimator
        The estimator whose ``n_features_in_`` and ``feature_names_in_`` are set (``reset``) or obeyed.
    X
        Feature frame, or a numeric array of shape (n_rows, n_features), whose columns are then called x0, x1, ...
    reset
        True while fitting.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the fit, chosen by name.

    Raises
    ------
    FrameError
        If columns are missing, or hold something that is neither number, category nor text.
    """
    named = isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns)
    if named and reset:
        given: pd.DataFrame = X
        _require_usable(given, getattr(estimator, "text", None))
        validate_data(estimator, given, skip_check_array=True, reset=True)
        return given
    if named and hasattr(estimator, "feature_names_in_"):
        chosen = select(X, list(estimator.feature_names_in_))
        _require_usable(chosen)
        return chosen
    array = validate_data(estimator, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)
    names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(array.shape[1])])
    index = X.index if isinstance(X, pd.DataFrame) else None
    return pd.DataFrame(array, columns=list(names), index=index)


def bare(X: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with plain row numbers: an index of accounts and dates makes taking columns slow."""
    return X.set_axis(pd.RangeIndex(len(X)))


def select(X: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the named columns in the given order.

    Parameters
    ----------
    X
        Feature frame; further columns are left out.
    names
        Columns wanted.

    Returns
    -------
    pandas.DataFrame
        ``X`` itself where it already has exactly these columns.

    Raises
    ------
    FrameError
        Naming every missing column and the nearest name that is there.

    Examples
    --------
    >>> select(pd.DataFrame({"b": [1.0], "a": [2.0]}), ["a", "b"]).columns.tolist()
    ['a', 'b']
    """
    if list(X.columns) == list(names):
        return X
    missing = [name for name in names if name not in X.columns]
    if missing:
        raise FrameError(_missing(name, X.columns) for name in missing)
    return X[list(names)]


def column_kind(column: pd.Series) -> str:
    """Return ``number``, ``category`` or ``other`` for one column.

    Examples
    --------
    >>> column_kind(pd.Series([1.0, None])), column_kind(pd.Series(["basic", None]))
    ('number', 'category')
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_complex_dtype(column.dtype):
        return "other"
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return "number"
    if column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
        return _object_kind(column)
    return "other"


def numbers(column: pd.Series) -> Floats:
    """Return one number column as float64, missing as NaN."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def words(column: pd.Series) -> npt.NDArray[np.object_]:
    """Return one category or text column as an object array of str, missing as None."""
    values = column.astype(object).to_numpy()
    return np.array([None if pd.isna(value) else str(value) for value in values], dtype=object)


def _object_kind(column: pd.Series) -> str:
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in {"floating", "integer", "boolean", "mixed-integer-float", "decimal"}:
        return "number"
    return "category" if inferred in {"string", "empty"} else "other"


def _require_usable(X: pd.DataFrame, text: Collection[str] | None = None) -> None:
    faults = [*_duplicates(X.columns)] or [*_unusable(bare(X)), *_undeclared(X, text)]
    if not len(X):
        faults.append(Fault("X", "at least one row", "0 sample(s)"))
    if not len(X.columns):
        faults.append(
            Fault("X", "at least one column", f"0 feature(s) (shape={X.shape}) while a minimum of 1 is required")
        )
    if faults:
        raise FrameError(faults)


def _unusable(X: pd.DataFrame) -> Iterable[Fault]:
    plain = X.columns[X.dtypes == np.float64]
    finite = plain[~np.isinf(X[plain].to_numpy()).any(axis=0)]
    for name in X.columns.difference(finite, sort=False):
        yield from _column_faults(str(name), X[name])


def _duplicates(columns: Iterable[str]) -> Iterable[Fault]:
    names = pd.Index(list(columns))
    for name in names[names.duplicated()].unique():
        yield Fault(
            str(name), "one column of this name", f"{int((names == name).sum())}", hint="drop or rename the others"
        )


def _column_faults(name: str, column: pd.Series) -> Iterable[Fault]:
    kind = column_kind(column)
    if kind == "other":
        hint = "give dates as days before as_of, and lists or objects as numbers, categories or text"
        yield Fault(name, "numbers, categories or text", f"dtype {column.dtype}", rows=len(column), hint=hint)
    elif kind == "number":
        infinite = int(np.isinf(numbers(column)).sum())
        if infinite:
            yield Fault(name, "finite numbers or NaN", "infinity", rows=infinite, hint="write missing values as NaN")


def _undeclared(X: pd.DataFrame, text: Collection[str] | None) -> Iterable[Fault]:
    """Refuse free text that an estimator which can read text was not told of."""
    if text is None:
        return
    for name in X.columns[X.dtypes != np.float64].difference(list(text), sort=False):
        if column_kind(X[name]) == "category" and _is_prose(X[name]):
            hint = "name it in text=, so that it is read as such, or drop it"
            yield Fault(str(name), "numbers, or categories of a few words", "free text", rows=len(X), hint=hint)


def _is_prose(column: pd.Series) -> bool:
    """Tell sentences from names of levels; the first may name people and must not be kept as levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    lengths = column.dropna().astype(str).str.len()
    return bool(len(lengths)) and bool(lengths.max() > LONGEST_LEVEL)


def _missing(name: str, columns: Iterable[str]) -> Fault:
    nearest = get_close_matches(name, [str(c) for c in columns], n=2)
    return Fault(name, "a column of this name", "none", hint=f"nearest: {', '.join(nearest)}" if nearest else None)
