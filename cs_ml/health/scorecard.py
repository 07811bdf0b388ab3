"""A scorecard: the measures of a book with the expert's weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from cs_ml.errors import ConfigError, Fault
from cs_ml.health.bands import Bands
from cs_ml.health.measure import Measure, unknown_features
from cs_ml.health.parsing import faults_of
from cs_ml.health.points import points_of
from cs_ml.health.segment_card import SegmentCard

__all__ = ["Scorecard"]


class Scorecard(BaseModel):
    """Measures, the expert's weights, and the rules of publication.

    Parameters
    ----------
    name
        Name of the scorecard.
    measures
        At least one, with unique names and at least one weight above zero.
    pdo
        Points that double the odds of staying.
    bands
        Where the score turns red and green.
    coverage_floor
        Below this share of expert weight present, health is null.
    missing
        What stands in for a missing measure: ``segment_mean`` (the segment's typical points), ``renormalise``
        (the others count more), ``neutral`` (50 points), ``worst`` (0 points).
    trend_days
        Window over which the trend of the score is told.
    segments
        What differs in segments, in order: a row takes the first that fits, and this scorecard where none does.

    Raises
    ------
    ConfigError
        If something is wrong; every fault is listed.

    Examples
    --------
    >>> nps = Measure(name="nps", feature="nps_score_latest", dimension="sentiment", knots=((0, 0), (10, 100)))
    >>> card = Scorecard(name="small", measures=(nps,))
    >>> card.points(pd.DataFrame({"nps_score_latest": [7.0, None]}))["nps"].tolist()
    [70.0, nan]
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="scorecard", min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)
    pdo: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    bands: Bands = Bands()
    coverage_floor: float = Field(default=0.5, ge=0, le=1)
    missing: Literal["segment_mean", "renormalise", "neutral", "worst"] = "segment_mean"
    trend_days: int = Field(default=90, ge=7)
    segments: tuple[SegmentCard, ...] = ()

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            where = f"scorecard {data.get('name', '?')!r}"
            raise ConfigError(faults_of(error, where, list(type(self).model_fields))) from error

    @model_validator(mode="after")
    def _names_and_weights(self) -> Self:
        names = [measure.name for measure in self.measures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PydanticCustomError("cs_ml", "{expected}", {"expected": "unique names", "found": ", ".join(twice)})
        if not any(measure.weight > 0 for measure in self.measures):
            raise PydanticCustomError("cs_ml", "{expected}", {"expected": "a weight above zero", "found": "none"})
        for segment in self.segments:
            if unknown := sorted({*segment.weights, *segment.without} - set(names)):
                close = get_close_matches(unknown[0], names, n=1, cutoff=0.0)[0]
                expected = f"segment {segment.name!r}: measures of the scorecard, such as {close}"
                raise PydanticCustomError("cs_ml", "{expected}", {"expected": expected, "found": ", ".join(unknown)})
        return self

    @property
    def version(self) -> str:
        """Name and hash of the content: the same content has the same version everywhere."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the measures, in order."""
        return tuple(measure.name for measure in self.measures)

    @property
    def prior(self) -> NDArray[np.float64]:
        """The expert's weights as shares that sum to one, shape (measures,)."""
        weights = np.array([measure.weight for measure in self.measures], float)
        return np.asarray(weights / weights.sum())

    def for_segment(self, segment: SegmentCard) -> Scorecard:
        """Return the whole scorecard of a segment."""
        kept = [
            measure.model_copy(update={"weight": segment.weights.get(measure.name, measure.weight)})
            for measure in self.measures
            if measure.name not in segment.without
        ]
        rest = self.model_dump(exclude={"measures", "segments", "name"})
        return Scorecard(**rest, name=f"{self.name}/{segment.name}", measures=(*kept, *segment.measures))

    def check(self, features: Iterable[str]) -> None:
        """Raise one ConfigError that lists every feature the frame does not have, with the nearest existing one."""
        known = [str(feature) for feature in features]
        own = [measure for segment in self.segments for measure in segment.measures]
        faults = unknown_features([*self.measures, *own], known)
        faults += [
            Fault(f"segment {segment.name!r}: when", "a column of the features", repr(name))
            for segment in self.segments
            for name in segment.when
            if name not in known
        ]
        if faults:
            raise ConfigError([*faults, Fault("scorecard", "features of the frame", "others", hint=_RESTRICT)])

    def available(self, features: Iterable[str]) -> Scorecard:
        """Return the scorecard with only the measures whose feature exists; recency without a feature is dropped.

        Parameters
        ----------
        features
            Columns of the feature frame.

        Raises
        ------
        ConfigError
            If no measure is left.
        """
        known = set(features)
        kept = [_without_recency(measure, known) for measure in self.measures if measure.feature in known]
        if not any(measure.weight > 0 for measure in kept):
            raise ConfigError(Fault(f"scorecard {self.name!r}", "at least one measure whose feature exists", "none"))
        names = {measure.name for measure in kept}
        segments = tuple(segment.available(names, known) for segment in self.segments if set(segment.when) <= known)
        return self.model_copy(update={"measures": tuple(kept), "segments": segments})

    def points(self, X: pd.DataFrame, segment: pd.Series | None = None) -> pd.DataFrame:
        """Return 0 to 100 points of every measure, NaN where missing or stale.

        Parameters
        ----------
        X
            Features.
        segment
            Segment of each row, for ``relative`` measures, which are ranked within ``X`` here; a fitted
            :class:`~cs_ml.health.score.HealthScore` ranks against the rows it was fitted on.

        Returns
        -------
        pandas.DataFrame
            Index of ``X``, one column a measure.

        Raises
        ------
        ConfigError
            If features are missing from ``X``.
        """
        self.check(X.columns)
        labels = np.full(len(X), "*", object) if segment is None else segment.astype(object).to_numpy()
        return pd.DataFrame({measure.name: points_of(measure, X, labels) for measure in self.measures}, index=X.index)

    def table(self) -> pd.DataFrame:
        """Return feature, dimension, rule, weight, role, owner and labels by measure."""
        columns = ["feature", "dimension", "rule", "weight", "role", "owner", "label_en", "label_ja"]
        rows = [[getattr(measure, column) for column in columns] for measure in self.measures]
        return pd.DataFrame(rows, index=pd.Index(self.names, name="measure"), columns=columns)


_RESTRICT = "scorecard.available(X.columns) keeps the measures that this book can bear"


def _without_recency(measure: Measure, known: set[str]) -> Measure:
    if measure.recency is None or measure.recency in known:
        return measure
    return measure.model_copy(update={"recency": None, "stale_after": None})
