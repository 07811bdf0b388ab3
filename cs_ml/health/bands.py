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

COLUMNS = ("health", "band", "published", "model_version")


class Bands(BaseModel):
    """Where a health score turns red, yellow and green.

    Parameters
    ----------
    red_below, green_from
        Red below the first, green from the second, yellow between; in points of the odds scale.
    capacity
        When given, red are the ``capacity`` accounts of each date with the most at risk
        (``(1 - p_stay) * MRR``), and ``red_below`` is not used. The list is what the team can work, so it is taken as
        it is, without waiting for a second reading.
    readings, span_days, jump
        A band changes after so many readings in a row that lie so many days apart, or at once where health jumped by
        so many points against the reading before; see :func:`steady_bands`.

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
    readings: int = Field(default=2, ge=1)
    span_days: int = Field(default=6, ge=0)
    jump: float = Field(default=20.0, gt=0)

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


def steady_bands(scores: pd.DataFrame, *, readings: int = 2, span_days: int = 6, jump: float = 20.0) -> pd.Series:
    """Return bands that change only after some readings in a row, or at once after a jump of the score.

    Parameters
    ----------
    scores
        Frame with ``health`` and ``band`` (the band of the reading alone), indexed by ``(account_id, as_of)``. Where it
        has ``published``, that was the steady band then and is not found again. Where it has ``model_version``, only
        readings of one version can jump.
    readings
        How many readings in a row a new band needs.
    span_days
        How many days those readings must span at least, so that two nights running are not taken for two months.
    jump
        A change of health against the reading before, in points, that is believed at once; by default the width of the
        yellow band, four times the odds.

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
    names = ["account_id", "as_of"]
    ordered = scores.reset_index()[[*names, *(name for name in COLUMNS if name in scores)]]
    ordered = ordered.sort_values(names, ignore_index=True).reindex(columns=[*names, *COLUMNS])
    rule, steady = _Steady(readings, span_days, jump), np.empty(len(ordered), dtype=object)
    account: Any = None
    for row, reading in enumerate(ordered.itertuples(index=False)):
        key: Any = reading.account_id
        if key != account:
            account = key
            rule = _Steady(readings, span_days, jump)
        steady[row] = rule.read(reading)
    index = pd.MultiIndex.from_frame(ordered[names])
    return pd.Series(steady, index=index, dtype=object).reindex(scores.index).rename("band")


class _Steady:
    """Walks the readings of one account in order of date."""

    def __init__(self, readings: int, span_days: int, jump: float) -> None:
        self.readings, self.span_days, self.jump = readings, span_days, jump
        self.current: str | None = None
        self.candidate: str | None = None
        self.count, self.since = 0, pd.NaT
        self.before: tuple[float, str] = (float("nan"), "")

    def read(self, reading: Any) -> str | None:
        """Return the band that holds after one more reading."""
        if not isinstance(reading.band, str):
            return None
        if reading.band != self.candidate:
            self.candidate, self.count, self.since = reading.band, 0, reading.as_of
        self.count += 1
        if isinstance(reading.published, str):
            self.current = reading.published
        elif self.current is None or self._lasted(reading) or self._jumped(reading):
            self.current = reading.band
        self.before = (float(reading.health), _version(reading))
        return self.current

    def _lasted(self, reading: Any) -> bool:
        return bool(self.count >= self.readings and (reading.as_of - self.since).days >= self.span_days)

    def _jumped(self, reading: Any) -> bool:
        health, version = self.before
        return version == _version(reading) and bool(abs(reading.health - health) >= self.jump)


def _version(reading: Any) -> str:
    return reading.model_version if isinstance(reading.model_version, str) else ""
