"""How one column enters a linear model: winsorised, imputed, centred, scaled, beside an indicator of missingness."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["ColumnScale"]

Floats = npt.NDArray[np.float64]
SMALLEST_SPREAD = 0.2  # an indicator that is nearly always off must not be blown up


@dataclass(frozen=True)
class ColumnScale:
    """What was learned about one column.

    Parameters
    ----------
    low, high
        Winsorising bounds; unused for a category.
    fill
        Value put where the column is missing.
    codes
        For a category, the codes that get a column of their own; None for a number.
    missing
        Whether missingness gets a column of its own.
    centre, spread
        Mean and scale of each resulting column.
    """

    low: float
    high: float
    fill: float
    codes: tuple[int, ...] | None
    missing: bool
    centre: tuple[float, ...]
    spread: tuple[float, ...]

    @classmethod
    def learn(cls, column: Floats, *, levels: int | None, clip: tuple[float, float], min_rows: int) -> Self:
        """Learn from the training rows of one column.

        Parameters
        ----------
        column
            Numbers or category codes, shape (n_rows,), missing as NaN.
        levels
            Number of category codes, the rare one included; None for a number.
        clip
            Quantiles of the winsorising bounds.
        min_rows
            Missingness gets a column when at least so many rows are missing and as many are not.

        Returns
        -------
        ColumnScale
            The scale learned.

        Examples
        --------
        >>> scale = ColumnScale.learn(np.array([1.0, 3.0]), levels=None, clip=(0.0, 1.0), min_rows=1)
        >>> scale.apply(np.array([1.0, 2.0, 3.0]))[:, 0]
        array([-1.,  0.,  1.])
        """
        known = np.sort(column[~np.isnan(column)])
        absent = len(column) - len(known)
        missing = min(absent, len(known)) >= max(min_rows, 1)
        codes = None if levels is None else tuple(range(levels - 1))
        low, high, fill = _bounds(known, clip) if codes is None else (0.0, 0.0, 0.0)
        draft = cls(low, high, fill, codes, missing, (), ())
        raw = draft._raw(column)
        return cls(low, high, fill, codes, missing, tuple(raw.mean(axis=0).tolist()), tuple(_spread(raw, draft)))

    @property
    def width(self) -> int:
        """How many columns come out."""
        return (1 if self.codes is None else len(self.codes)) + self.missing

    def apply(self, column: Floats, *, reach: float = 0.0) -> Floats:
        """Return the scaled columns, shape (n_rows, width).

        Parameters
        ----------
        column
            Numbers or category codes, missing as NaN.
        reach
            How far beyond the winsorising bounds a number counts, in widths between them.

        Examples
        --------
        >>> scale = ColumnScale.learn(np.array([1.0, 3.0]), levels=None, clip=(0.0, 1.0), min_rows=1)
        >>> [scale.apply(np.array([4.0, 9.0]), reach=reach)[:, 0].tolist() for reach in (0.0, 1.0)]
        [[1.0, 1.0], [2.0, 3.0]]
        """
        raw = self._raw(column, reach)
        return np.asarray((raw - np.array(self.centre)) / np.array(self.spread), dtype=np.float64)

    def names(self, feature: str, levels: list[str]) -> list[str]:
        """Return a name for each resulting column."""
        names = [feature] if self.codes is None else [f"{feature}={levels[code]}" for code in self.codes]
        return [*names, f"{feature} is missing"] if self.missing else names

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the scale that ``to_state`` described."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in state.items()}
        return cls(**values)

    def _raw(self, column: Floats, reach: float = 0.0) -> Floats:
        absent, room = np.isnan(column), reach * (self.high - self.low)
        if self.codes is None:
            columns = [np.clip(np.where(absent, self.fill, column), self.low - room, self.high + room)]
        else:
            columns = [(column == code).astype(np.float64) for code in self.codes]
        if self.missing:
            columns.append(absent.astype(np.float64))
        return np.column_stack(columns) if columns else np.empty((len(column), 0))


def _bounds(known: Floats, clip: tuple[float, float]) -> tuple[float, float, float]:
    if not len(known):
        return 0.0, 0.0, 0.0
    low, fill, high = np.quantile(known, [clip[0], 0.5, clip[1]])
    if low == high:
        low, high = known[0], known[-1]
    return float(low), float(high), float(fill)


def _spread(raw: Floats, draft: ColumnScale) -> list[float]:
    spread = raw.std(axis=0)
    floor = np.full(len(spread), SMALLEST_SPREAD)
    if draft.codes is None:
        floor[0] = 0.0
    spread = np.maximum(spread, floor)
    return [float(s) if s > 0 else 1.0 for s in spread]
