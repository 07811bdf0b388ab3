"""The rows of a table that each account could know on each date, values not yet revealed left out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError, TableError
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup, Pairs, ratio
from cs_ml.timeline.revealed import revealed_at

__all__ = ["Seen"]

Values = str | pd.Series | np.ndarray
GROUP = 'group by it: seen.frame(...).groupby("key")'


@dataclass(frozen=True)
class Seen:
    """What was known of a table before each key of (account_id, as_of); nothing of it lies in the future.

    One entry a key and row, sorted by key and then by time; columns and conditions are of that length, answers have
    one value a key.

    Parameters
    ----------
    table
        Canonical name of the table.
    rows
        Its rows.
    time
        Column that says when a row happened.
    pairs
        Which rows belong to which key.
    as_of
        Day of each key.
    clock
        Calendar of the book.

    Examples
    --------
    >>> held = pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-02"])
    >>> rows = pd.DataFrame({"account_id": "a", "held_at": held, "known_at": held, "hours": [1.0, 2.0, 9.0]})
    >>> keys = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-02-01"))], names=["account_id", "as_of"])
    >>> seen = Seen.of("trainings", rows, keys, time="held_at")
    >>> seen.sum("hours"), seen.last(14).count(), seen.where(seen["hours"] > 1).recency()
    (array([3.]), array([1.]), array([12.]))
    """

    table: str
    rows: pd.DataFrame = field(repr=False)
    time: str
    pairs: Pairs = field(repr=False)
    as_of: np.ndarray = field(repr=False)
    clock: Clock = field(default_factory=Clock)

    @classmethod
    def of(cls, table: str, rows: pd.DataFrame, keys: pd.MultiIndex, *, time: str, clock: Clock | None = None) -> Seen:
        """Look back from each key at every row that was known before it."""
        clock = clock or Clock()
        known = "known_at" if "known_at" in rows else None
        pairs = Lookup(rows, keys, time=time, known=known, clock=clock).window(None)
        return cls(table, rows, time, pairs, clock.date(keys.get_level_values("as_of")), clock)

    def __len__(self) -> int:
        return len(self.pairs.key)

    @property
    def n_keys(self) -> int:
        """How many accounts and dates are asked for: the length of an answer."""
        return self.pairs.n_keys

    @property
    def days_ago(self) -> np.ndarray:
        """Days between each row and its key, from 1 on, float64."""
        day = self.clock.day(self.rows[self.time])[self.pairs.row]
        return np.asarray(self.as_of[self.pairs.key] - day, dtype=float)

    def __getitem__(self, column: str) -> pd.Series:
        """Return a column; values that were revealed later than before the key are missing.

        Numbers and flags are float64, instants datetime64, everything else objects with ``None``.

        Raises
        ------
        TableError
            If the table has no such column.
        """
        if column not in self.rows:
            near = get_close_matches(column, list(map(str, self.rows)), n=1)
            hint = f"did you mean {near[0]}?" if near else "name it in `needs` if a book may be without it"
            listed = ", ".join(map(str, self.rows))
            raise TableError(Fault(f"{self.table}.{column}", "a column of the table", f"columns {listed}", hint=hint))
        values = _plain(self.rows[column]).take(self.pairs.row).reset_index(drop=True)
        moment = revealed_at(self.rows, self.table, column)
        if moment is None:
            return values
        told = moment.notna().to_numpy()[self.pairs.row]
        told &= self.clock.day(moment)[self.pairs.row] < self.as_of[self.pairs.key]
        return values.where(told, None if values.dtype == object else np.nan)

    def days_since(self, column: str) -> np.ndarray:
        """Days between an instant of each row and its key, from 1 on; missing where it was not known before the key.

        An instant that lies ahead, such as a planned date, is below 1.
        """
        moment = self[column]
        if not pd.api.types.is_datetime64_any_dtype(moment):
            raise FrameError(Fault(f"{self.table}.{column}", "instants", f"values of type {moment.dtype}"))
        days = (self.as_of[self.pairs.key] - self.clock.day(moment)).astype(float)
        return np.where(moment.isna(), np.nan, days)

    def last(self, days: float) -> Seen:
        """Keep the rows of ``[as_of - days, as_of)``."""
        if not isinstance(days, int | float | np.number) or not days > 0:
            raise FrameError(Fault(f"{self.table}: last", "a number of days above 0", repr(days)))
        return self.where(self.days_ago <= days)

    def where(self, condition: Any) -> Seen:
        """Keep the entries that meet a condition; a missing one is not met."""
        met = self._aligned(condition).fillna(value=False).to_numpy(dtype=bool)
        return replace(self, pairs=Pairs(self.pairs.key[met], self.pairs.row[met], self.pairs.n_keys))

    def count(self) -> np.ndarray:
        """Return how many rows each key has; 0 without any."""
        return self.pairs.count()

    def sum(self, values: Values) -> np.ndarray:
        """Return the sum of a column, or of values by entry; 0 without any."""
        return np.bincount(self.pairs.key, np.nan_to_num(self._numbers(values)), minlength=self.n_keys)

    def mean(self, values: Values) -> np.ndarray:
        """Return the mean of the values that are known; missing without any."""
        present = ~np.isnan(self._numbers(values))
        return ratio(self.sum(values), np.bincount(self.pairs.key, present, minlength=self.n_keys))

    def maximum(self, values: Values) -> np.ndarray:
        """Return the largest value that is known; missing without any."""
        largest = np.full(self.n_keys, -np.inf)
        np.fmax.at(largest, self.pairs.key, self._numbers(values))
        return np.where(np.isinf(largest), np.nan, largest)

    def minimum(self, values: Values) -> np.ndarray:
        """Return the smallest value that is known; missing without any."""
        return -self.maximum(-self._numbers(values))

    def share(self, condition: Any) -> np.ndarray:
        """Return the share of entries that meet a condition; missing without entries."""
        return ratio(self.where(condition).count(), self.count())

    def distinct(self, values: Values) -> np.ndarray:
        """Return how many different values each key has; missing ones do not count."""
        codes, _ = pd.factorize(np.asarray(self._column(values), dtype=object))
        pairs = np.unique(np.stack([self.pairs.key[codes >= 0], codes[codes >= 0]]), axis=1)
        return np.bincount(pairs[0], minlength=self.n_keys).astype(float)

    def latest(self, values: Values) -> np.ndarray:
        """Return the newest value that is known; missing without any."""
        column = self._column(values)
        if pd.api.types.is_datetime64_any_dtype(column):
            raise FrameError(self._not_numbers(values, "instants"))
        present = column.notna().to_numpy()
        found = np.full(self.n_keys, -1)
        found[self.pairs.key[present]] = np.flatnonzero(present)  # in order of time, and the last assignment stays
        return np.asarray(column.reindex(found).where(found >= 0, None if column.dtype == object else np.nan))

    def recency(self) -> np.ndarray:
        """Return the days since the newest row; missing without any."""
        return self.minimum(self.days_ago)

    def frame(self, *columns: str) -> pd.DataFrame:
        """Return columns by entry beside ``key`` (its position) and ``days_ago``, for what has no word here."""
        return pd.DataFrame(
            {"key": self.pairs.key, "days_ago": self.days_ago, **{name: self[name] for name in columns}}
        )

    def spread(self, answers: pd.Series) -> np.ndarray:
        """Return answers indexed by ``key``, as a groupby over :meth:`frame` gives them, for every key."""
        if not isinstance(answers, pd.Series) or not answers.index.isin(range(self.n_keys)).all():
            found = (
                f"an index such as {answers.index[0]!r}" if isinstance(answers, pd.Series) else type(answers).__name__
            )
            raise FrameError(Fault(f"{self.table}: spread", "a series indexed by `key`", found, hint=GROUP))
        return np.asarray(answers.reindex(range(self.n_keys)))

    def _column(self, values: Values) -> pd.Series:
        return self[values] if isinstance(values, str) else self._aligned(values)

    def _numbers(self, values: Values) -> np.ndarray:
        column = self._column(values)
        if pd.api.types.is_datetime64_any_dtype(column):
            raise FrameError(self._not_numbers(values, "instants"))
        if column.dtype == object and column.map(lambda item: isinstance(item, str)).any():
            raise FrameError(self._not_numbers(values, "text"))
        return column.to_numpy(dtype=float)

    def _not_numbers(self, values: Values, kind: str) -> Fault:
        named = isinstance(values, str)
        where = f"{self.table}.{values}" if named else self.table
        if kind == "text":
            return Fault(where, "numbers or flags", kind, hint="count what meets a condition, or take `latest`")
        column = repr(values) if named else "column"
        hint = f"ask for days: seen.days_since({column}), as in seen.latest(seen.days_since({column}))"
        return Fault(where, "numbers, flags or words", kind, hint=hint)

    def _aligned(self, values: Any) -> pd.Series:
        if np.shape(values) != (len(self),):
            hint = "take columns and conditions from the rows you narrowed last"
            raise FrameError(
                Fault(self.table, f"{len(self):,} values, one a row seen", str(np.shape(values)), hint=hint)
            )
        return pd.Series(values).reset_index(drop=True)


def _plain(column: pd.Series) -> pd.Series:
    """Give numbers and flags as float64, instants as they are, words as objects with ``None``."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    kinds = set(column.dropna().map(type)) if column.dtype == object else {str}
    plain: pd.Series = column.astype(object).where(column.notna(), None)
    return plain.astype("float64") if kinds == {bool} else plain
