"""The shapes that the makers of rows share: arrays, months, one block of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cs_ml.simulate.config import WorldConfig

__all__ = [
    "AHEAD",
    "BLOCK",
    "PAST",
    "Axis",
    "Block",
    "Bools",
    "Floats",
    "Ints",
    "Strings",
    "Table",
    "Times",
    "coded",
    "numbered",
    "optional",
]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Strings: TypeAlias = NDArray[np.object_]
Times: TypeAlias = NDArray[np.datetime64]
Table: TypeAlias = dict[str, Any]

BLOCK = 256  # accounts that share random streams: an account's rows depend on its block, never on the world's size
PAST = 24  # months before the logs in which accounts may have begun
AHEAD = 3  # months after the logs whose decisions are already fixed
STREAMS = (
    "profile",
    "latents",
    "life",
    "accounts",
    "contracts",
    "people",
    "usage",
    "surveys",
    "voc",
    "tickets",
    "onboarding",
    "marketing",
    "deals",
    "invoices",
    "sentiment",
    "plays",
    "leaks",
)  # fmt: skip  append only: the position is part of the seed


@dataclass(frozen=True)
class Axis:
    """The months of a world: ``PAST`` before the logs, the logs, ``AHEAD`` after them.

    Parameters
    ----------
    config
        The world.

    Examples
    --------
    >>> axis = Axis(WorldConfig())
    >>> axis.first, axis.last, axis.size
    (24, 57, 60)
    >>> axis.dates(np.array([24]), np.array([15]))
    array(['2024-01-15T00:00:00.000000'], dtype='datetime64[us]')
    """

    config: WorldConfig

    @property
    def first(self) -> int:
        """Position of the first month of the logs."""
        return PAST

    @property
    def last(self) -> int:
        """Position of the first month after the logs."""
        return PAST + self.config.months

    @property
    def size(self) -> int:
        """Number of months."""
        return self.last + AHEAD

    @property
    def start(self) -> np.datetime64:
        """First instant of the logs."""
        return np.datetime64(self.config.start, "us")

    @property
    def end(self) -> np.datetime64:
        """First instant after the logs."""
        return np.datetime64(self.config.end, "us")

    def position(self, month: date) -> int:
        """Return the position of the month that contains a date."""
        return (month.year - self.config.start.year) * 12 + month.month - self.config.start.month + PAST

    def dates(self, month: Any, day: Any = 1) -> Times:
        """Return midnight of the given days (from 1; 0 is the day before) of the months at the given positions."""
        months = (self._origin + np.asarray(month, dtype="timedelta64[M]")).astype("datetime64[D]")
        dates: Times = (months + (np.asarray(day) - 1).astype("timedelta64[D]")).astype("datetime64[us]")
        return dates

    @property
    def _origin(self) -> np.datetime64:
        return np.datetime64(self.config.start, "M") - np.timedelta64(PAST, "M")


@dataclass(frozen=True)
class Block:
    """``BLOCK`` neighbouring accounts, always drawn together and cut to the world's size on writing.

    Parameters
    ----------
    config
        The world.
    number
        Position of the block, from 0.

    Examples
    --------
    >>> block = Block(WorldConfig(n_accounts=300), 1)
    >>> block.ids[0], block.kept
    ('A000256', 44)
    """

    config: WorldConfig
    number: int

    @cached_property
    def axis(self) -> Axis:
        """Months of the world."""
        return Axis(self.config)

    @cached_property
    def ids(self) -> Strings:
        """Account ids, shape (BLOCK,)."""
        first = self.number * BLOCK
        return np.array([f"A{i:06d}" for i in range(first, first + BLOCK)], dtype=object)

    @property
    def kept(self) -> int:
        """How many accounts of the block belong to the world."""
        return min(BLOCK, self.config.n_accounts - self.number * BLOCK)

    def random(self, stream: str) -> np.random.Generator:
        """Return the block's own generator for one purpose, independent of all others."""
        key = (self.number, STREAMS.index(stream))
        return np.random.default_rng(np.random.SeedSequence(self.config.seed, spawn_key=key))


def coded(codes: Any, names: Any) -> Any:
    """Return a string column from codes into ``names``; a negative code is missing.

    Parameters
    ----------
    codes
        Integers, shape (n,).
    names
        The strings, all different (Arrow writes repeated ones in no fixed order).

    Returns
    -------
    pyarrow.DictionaryArray
        Shape (n,).

    Examples
    --------
    >>> coded(np.array([1, -1]), ["a", "b"]).to_pylist()
    ['b', None]
    """
    codes = np.asarray(codes, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(list(names), pa.string()))


def optional(values: Bools, present: Bools) -> Any:
    """Return a column of flags, missing where not ``present``.

    Parameters
    ----------
    values, present
        Flags, shape (n,).

    Returns
    -------
    pyarrow.BooleanArray
        Shape (n,).

    Examples
    --------
    >>> optional(np.array([True, True]), np.array([True, False])).to_pylist()
    [True, None]
    """
    return pa.array(values, mask=~present)


def numbered(block: Block, account: Ints, letter: str) -> Strings:
    """Return ids such as A000012-T0003, counted within each account.

    Parameters
    ----------
    block
        The block.
    account
        Positions in ascending order, shape (n,).
    letter
        What stands before the number.

    Returns
    -------
    numpy.ndarray
        Strings, shape (n,), unique.

    Examples
    --------
    >>> numbered(Block(WorldConfig(), 0), np.array([0, 0, 2]), "T").tolist()
    ['A000000-T0001', 'A000000-T0002', 'A000002-T0001']
    """
    number = np.arange(len(account)) - np.searchsorted(account, account)
    return np.array([f"{block.ids[a]}-{letter}{n + 1:04d}" for a, n in zip(account, number, strict=True)], dtype=object)
