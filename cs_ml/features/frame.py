"""The frame of a snapshot: one dtype a column whatever a bucket holds, gathered without a second copy of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.features.feature import Feature

__all__ = ["gathered", "plain"]

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]


def plain(X: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return a bucket's features with one dtype a column: numbers and flags float64, words objects or ``None``.

    Parameters
    ----------
    X
        Features as builders made them.
    features
        Description of each.
    """
    numbers, named = _split(X, features)
    words = {name: pd.Series(_words(X[name]), X.index, dtype=object) for name in named}
    values = np.empty((len(numbers), len(X)))
    _fill(values, X, numbers)
    return _together(values, words, X.columns, X.index)


def gathered(buckets: Iterable[pd.DataFrame], n_rows: int, features: Sequence[Feature]) -> pd.DataFrame:
    """Put the features of buckets below each other, in memory that is taken once; categories get their levels.

    Parameters
    ----------
    buckets
        Features as builders made them, with the same columns each; one at least.
    n_rows
        Rows of all buckets together.
    features
        Description of each feature.
    """
    index: list[pd.Index] = []
    words: dict[str, list[Words]] = defaultdict(list)
    for X in buckets:
        numbers, named = _split(X, features)
        if not index:
            columns, values, done = X.columns, np.empty((len(numbers), n_rows)), 0
        _fill(values[:, done : done + len(X)], X, numbers)
        for name in named:
            words[name].append(_words(X[name]))
        index.append(X.index)
        done += len(X)
    keys, kinds = index[0].append(index[1:]), {feature.name: feature.kind for feature in features}
    levelled = {name: _levelled(np.concatenate(parts), kinds[name], keys) for name, parts in words.items()}
    return _together(values, levelled, columns, keys)


def _split(X: pd.DataFrame, features: Sequence[Feature]) -> tuple[list[str], list[str]]:
    """Return the columns that hold numbers, and those that hold words."""
    words = {feature.name for feature in features if feature.kind in {"category", "text"}}
    names = [str(name) for name in X]
    return [name for name in names if name not in words], [name for name in names if name in words]


def _fill(values: Floats, X: pd.DataFrame, numbers: Sequence[str]) -> None:
    for place, name in enumerate(numbers):
        values[place] = X[name].to_numpy(dtype="float64", na_value=np.nan)


def _words(column: pd.Series) -> Words:
    """Return words as objects, equal ones as the same object: a comment stands in the window of many dates."""
    codes, found = pd.factorize(column)
    return np.array([*found, None], dtype=object)[codes]


def _levelled(words: Words, kind: str, keys: pd.Index) -> pd.Series:
    column = pd.Series(words, keys, dtype=object)
    return column if kind == "text" else column.astype(pd.CategoricalDtype(sorted(column.dropna().unique())))


def _together(values: Floats, words: dict[str, pd.Series], columns: pd.Index, index: pd.Index) -> pd.DataFrame:
    """Lay rows of numbers and words side by side in a given order; neighbouring numbers stay one block of memory."""
    parts: list[pd.DataFrame] = []
    done = 0
    for is_word, run in groupby(columns, words.__contains__):
        names = list(run)
        if is_word:
            parts.append(pd.DataFrame({name: words[name] for name in names}, index))
            continue
        parts.append(pd.DataFrame(values[done : done + len(names)].T, index, names, copy=False))
        done += len(names)
    return pd.concat(parts, axis=1)
