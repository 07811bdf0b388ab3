"""Sorting and merging of packed keys: what was seen on a day, each once, with sums where there are values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Pile", "Rows", "combine"]

MERGE_AT = 1 << 23  # rows on a pile before they are merged
WORD = 63  # bits that sort as one number


@dataclass(frozen=True)
class Rows:
    """Rows of one kind: a key of member and day, how many days later the row was known, values to be summed.

    Parameters
    ----------
    key
        ``member * 65536 + day``.
    lag
        Days from the event to its being known; ``None`` where all were known the same day.
    values
        Whole numbers by name.
    count
        Name of a further value: how many rows there were.
    """

    key: np.ndarray
    lag: np.ndarray | None = None
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    count: str | None = None

    def __len__(self) -> int:
        return len(self.key)


def combine(rows: Rows) -> Rows:
    """Sort rows by key and lag and make one of those that agree in both, adding up their values.

    Parameters
    ----------
    rows
        In any order.

    Returns
    -------
    Rows
        Sorted; integers only, so the result does not depend on the order of the rows.

    Examples
    --------
    >>> merged = combine(Rows(np.array([5, 3, 5]), None, {"sum": np.array([1, 2, 3])}, count="rows"))
    >>> merged.key.tolist(), {name: column.tolist() for name, column in merged.values.items()}
    ([3, 5], {'sum': [2, 4], 'rows': [1, 2]})
    """
    key, lag, order = _sorted(rows.key, rows.lag, positions=bool(rows.values))
    first = np.ones(len(key), bool)
    np.not_equal(key[1:], key[:-1], out=first[1:])
    if lag is not None:
        first[1:] |= lag[1:] != lag[:-1]
    values: dict[str, np.ndarray] = {}
    if rows.values or rows.count:
        starts = np.flatnonzero(first)
        values = {name: np.add.reduceat(column[order], starts) for name, column in rows.values.items()}
        values |= {rows.count: np.diff(starts, append=len(key))} if rows.count else {}
    return Rows(key[first], None if lag is None else lag[first], values)


def _sorted(
    key: np.ndarray, lag: np.ndarray | None, *, positions: bool
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Sort by key and lag, and say where each row was: in one word where key, lag and position fit 63 bits."""
    if not len(key) or (lag is None and not positions):
        return np.sort(key), lag, np.empty(0, np.int64)
    low = int(key.min())
    lag_bits = 0 if lag is None else int(lag.max()).bit_length()
    place_bits = (len(key) - 1).bit_length() if positions else 0
    if (int(key.max()) - low).bit_length() + lag_bits + place_bits > WORD:
        order = np.argsort(key, kind="stable") if lag is None else np.lexsort((lag, key))
        return key[order], None if lag is None else lag[order], order
    packed = key - low
    if lag is not None:
        packed = packed << lag_bits | lag
    if positions:
        packed = packed << place_bits | np.arange(len(key))
    packed.sort()
    place = packed & ((1 << place_bits) - 1)
    packed >>= place_bits
    found = None if lag is None else packed & ((1 << lag_bits) - 1)
    return (packed >> lag_bits) + low, found, place


class Pile:
    """Collects rows and merges them now and then, so that it stays about as small as its result.

    Examples
    --------
    >>> pile = Pile()
    >>> pile.add(Rows(np.array([4, 4])))
    >>> pile.add(Rows(np.array([2, 4])))
    >>> pile.merged().key.tolist()
    [2, 4]
    """

    def __init__(self) -> None:
        self._parts: list[Rows] = []
        self._waiting = 0
        self._limit = MERGE_AT

    def add(self, rows: Rows) -> None:
        """Put rows on the pile; those with values are merged at once."""
        if not len(rows) and self._parts:
            return
        self._parts.append(combine(rows) if rows.values or rows.count else rows)
        self._waiting += len(self._parts[-1])
        if self._waiting > self._limit:
            self._limit = max(MERGE_AT, 2 * len(self.merged()))

    def take(self, other: Pile) -> None:
        """Move everything from another pile to this one."""
        self._parts += other._parts
        other._parts = []

    def merged(self, rename: Callable[[np.ndarray], np.ndarray] | None = None) -> Rows:
        """Return everything on the pile, merged, keys renamed first; a ``Rows`` without values if nothing was added."""
        parts, self._parts = self._parts, []
        if rename is not None:
            parts = [Rows(rename(part.key), part.lag, part.values) for part in parts]
        self._parts = [combine(_concatenated(parts))] if parts else []
        self._waiting = sum(map(len, self._parts))
        return self._parts[0] if self._parts else Rows(np.empty(0, np.int64))


def _concatenated(parts: list[Rows]) -> Rows:
    lags = [part.lag for part in parts if part.lag is not None]
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
    return Rows(np.concatenate([part.key for part in parts]), np.concatenate(lags) if lags else None, values)
