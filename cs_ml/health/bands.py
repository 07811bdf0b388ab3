"""Red, yellow, green: by odds, or by what the team can work; and bands that do not flicker."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from cs_ml.errors import ConfigError, FrameError
from cs_ml.health.parsing import faults_of

__all__ = ["Bands", "steady_bands"]


class Bands(BaseModel):
    """Where a health score turns red, yellow and green.

    Parameters
    ----------
    red_below, green_from
        Red below the first, green from the second, yellow between; in points of the odds scale.
    capacity
        When given, red are the ``capacity`` accounts of each date with the most at risk
        (``(1 - p_stay) * MRR``), and ``red_below`` is not used.

    Raises
    ------
    ConfigError
        If the limits are not in order or outside 0 to 100.

    Examples
    --------
    >>> list(Bands().of(pd.Series([39.9, 40.0, 60.0, np.nan])))
    ['red', 'yellow', 'green', None]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    red_below: float = Field(default=40.0, ge=0, le=100)
    green_from: float = Field(default=60.0, ge=0, le=100)
    capacity: int | None = Field(default=None, ge=1)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise ConfigError(faults_of(error, "bands", list(type(self).model_fields))) from error

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.red_below > self.green_from:
            found = f"red_below {self.red_below:g} and green_from {self.green_from:g}"
            raise PydanticCustomError(
                "cs_ml", "{expected}", {"expected": "red_below at most green_from", "found": found}
            )
        return self

    def of(self, health: pd.Series, at_risk: pd.Series | None = None) -> pd.Series:
        """Return the band of each row, None where health is null.

        Parameters
        ----------
        health
            Points on the odds scale, NaN for null.
        at_risk
            ``(1 - p_stay) * MRR`` of each row; required by ``capacity``.

        Returns
        -------
        pandas.Series
            ``red``, ``yellow``, ``green`` or None.

        Raises
        ------
        FrameError
            If ``capacity`` is set and ``at_risk`` is not given.
        """
        red = health < self.red_below if self.capacity is None else self._most_at_risk(health, at_risk)
        names = np.where(red, "red", np.where(health >= self.green_from, "green", "yellow")).astype(object)
        names[health.isna().to_numpy()] = None
        return pd.Series(names, index=health.index, name="band", dtype=object)

    def _most_at_risk(self, health: pd.Series, at_risk: pd.Series | None) -> NDArray[np.bool_]:
        if at_risk is None:
            raise FrameError("expected the MRR of each account, because the bands go by capacity; give mrr=")
        worth = at_risk.where(health.notna(), -np.inf).fillna(0.0)
        dated = "as_of" in health.index.names
        dates = health.index.get_level_values("as_of") if dated else np.zeros(len(health))
        rank = worth.groupby(np.asarray(dates)).rank(method="first", ascending=False)
        return np.asarray(rank <= self.capacity)


def steady_bands(scores: pd.DataFrame, *, readings: int = 2, jump: float = 15.0) -> pd.Series:
    """Return bands that change only after ``readings`` in a row, or at once after a jump of the score.

    Parameters
    ----------
    scores
        Frame with ``health`` and ``band``, indexed by ``(account_id, as_of)``.
    readings
        How many readings in a row a new band needs.
    jump
        A change of health against the reading before, in points, that is believed at once.

    Returns
    -------
    pandas.Series
        The steady band of each row; rows without a band keep None and are no reading.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a"], pd.date_range("2026-01-01", periods=4, freq="MS")],
    ...                                    names=["account_id", "as_of"])
    >>> scores = pd.DataFrame({"health": [61, 59, 61, 40.0], "band": ["green", "yellow", "green", "yellow"]}, index)
    >>> list(steady_bands(scores))
    ['green', 'green', 'green', 'yellow']
    """
    ordered = scores[["health", "band"]].sort_index()
    parts = [_steady(part, readings, jump) for _, part in ordered.groupby(level="account_id", sort=False)]
    steady = pd.concat(parts) if parts else pd.Series(dtype=object, index=scores.index)
    return steady.reindex(scores.index).rename("band")


def _steady(part: pd.DataFrame, readings: int, jump: float) -> pd.Series:
    """Walk one account's readings in order of date."""
    current, before, candidate, count = None, np.nan, None, 0
    result: list[str | None] = []
    for health, band in zip(part["health"], part["band"], strict=True):
        if not isinstance(band, str):
            result.append(None)
            continue
        count = count + 1 if band == candidate else 1
        candidate = band
        if current is None or count >= readings or abs(health - before) >= jump:
            current = band
        before = health
        result.append(current)
    return pd.Series(result, index=part.index, dtype=object)
