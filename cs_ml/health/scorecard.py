"""A scorecard: the measures of a book with the expert's weights, read from YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from cs_ml.errors import ConfigError, Fault
from cs_ml.health.bands import Bands
from cs_ml.health.measure import Measure, unknown_features
from cs_ml.health.parsing import fault_of, faults_of
from cs_ml.health.points import points_of
from cs_ml.health.source import Source, parse_source, read_source

__all__ = ["Scorecard", "default_scorecard", "load_scorecard", "packaged_scorecard"]


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

    def check(self, features: Iterable[str]) -> None:
        """Raise one ConfigError that lists every feature the frame does not have, with the nearest existing one."""
        if faults := unknown_features(self.measures, features):
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
        return self.model_copy(update={"measures": tuple(kept)})

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


_STAND_IN = Measure(name="none", feature="none", dimension="adoption", relative="higher")  # lets the rest be checked
Part = TypeVar("Part", bound=BaseModel)
_RESTRICT = "scorecard.available(X.columns) keeps the measures that this book can bear"


def load_scorecard(path: str | Path) -> Scorecard:
    """Read a scorecard from YAML.

    Parameters
    ----------
    path
        A YAML file: ``name, pdo, bands, coverage_floor, missing`` and ``measures``, a mapping of name to measure.

    Returns
    -------
    Scorecard
        Checked.

    Raises
    ------
    ConfigError
        Every fault as ``file.yaml:line:column: ...``; unknown keys with the nearest right key.

    Examples
    --------
    >>> with resources.as_file(resources.files("cs_ml.health") / "defaults" / "default.yaml") as path:
    ...     load_scorecard(path).name
    'default'
    """
    return _scorecard(read_source(path))


def default_scorecard(available_features: Iterable[str] | None = None) -> Scorecard:
    """Return the scorecard that ships with the package: an expert's first guess for business software.

    Parameters
    ----------
    available_features
        When given, only measures whose features are among them are kept.

    Returns
    -------
    Scorecard
        The default.

    Examples
    --------
    >>> default_scorecard(["usage_days_distinct_30d", "nps_score_latest"]).names
    ('active_days', 'nps_score')
    """
    card = packaged_scorecard("default")
    return card if available_features is None else card.available(available_features)


def packaged_scorecard(name: str) -> Scorecard:
    """Return a scorecard that ships with the package: ``default``, or ``library`` with measures to copy."""
    text = (resources.files("cs_ml.health") / "defaults" / f"{name}.yaml").read_text(encoding="utf-8")
    return _scorecard(parse_source(text, f"{name}.yaml"))


def _scorecard(source: Source) -> Scorecard:
    faults: list[Fault] = []
    entries = source.data.get("measures")
    if not isinstance(entries, dict) or not entries:
        faults.append(Fault(source.where(("measures",)), "measures: a mapping of name to measure", repr(entries)))
        entries = {}
    measures = [_measure(str(name), entry, source, faults) for name, entry in entries.items()]
    bands = _build(Bands, source.data.get("bands", {}), ("bands",), source, faults)
    rest = {str(key): value for key, value in source.data.items() if key not in ("measures", "bands")}
    kept = tuple(measure for measure in measures if measure is not None)
    whole = {**rest, "measures": kept or (_STAND_IN,), "bands": bands or Bands()}
    card = _build(Scorecard, whole, (), source, faults)
    if faults or card is None:
        raise ConfigError(faults)
    return card


def _measure(name: str, entry: Any, source: Source, faults: list[Fault]) -> Measure | None:
    data = {"name": name, **entry} if isinstance(entry, dict) else entry
    return _build(Measure, data, ("measures", name), source, faults)


def _build(model: type[Part], data: Any, place: tuple[str, ...], source: Source, faults: list[Fault]) -> Part | None:
    """Build one part; note its faults with line and column instead of raising."""
    if not isinstance(data, dict):
        faults.append(Fault(source.where(place), "keys and values", repr(data)))
        return None
    try:
        return model(**{str(key): value for key, value in data.items()})
    except ConfigError as error:
        known = [key for key in model.model_fields if key != "name" or model is not Measure]
        cause = error.__cause__
        entries: list[Any] = list(cause.errors(include_url=False)) if isinstance(cause, ValidationError) else []
        for entry in entries:
            where = ": ".join([source.where((*place, *entry["loc"])), *([place[-1]] if place else [])])
            faults.append(fault_of(entry, where, known))
        return None


def _without_recency(measure: Measure, known: set[str]) -> Measure:
    if measure.recency is None or measure.recency in known:
        return measure
    return measure.model_copy(update={"recency": None, "stale_after": None})
