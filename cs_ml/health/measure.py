"""A measure turns one feature into 0 to 100 points by a rule an expert can read."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from cs_ml.errors import ConfigError, Fault
from cs_ml.health.parsing import faults_of, pair

__all__ = ["DIMENSIONS", "RESERVED", "RULES", "Measure", "unknown_features"]

Dimension = Literal["adoption", "usage_trend", "sentiment", "support", "relationship", "commercial", "onboarding"]
DIMENSIONS: tuple[str, ...] = get_args(Dimension)
RULES = ("knots", "levels", "relative", "change")
NEAREST = 1e-9  # knots closer than this make a slope that overflows, and are never meant
RESERVED = ("base", "segment", "model", "clipped")

Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Value = Annotated[float, Field(allow_inf_nan=False)]
Knots = tuple[tuple[Value, Points], ...]


class Measure(BaseModel):
    """One line of a scorecard: a feature, the rule that gives it points, and what the expert thinks of it.

    Parameters
    ----------
    name
        Short name, used as column of contributions; unique within a scorecard.
    feature
        Column of the feature frame.
    dimension
        One of ``adoption, usage_trend, sentiment, support, relationship, commercial, onboarding``.
    knots
        Rule: ``(value, points)`` pairs with rising values; linear between them, clamped outside.
    levels
        Rule: points for each category; a category not listed is missing.
    relative
        Rule: percentile within the segment, learned at fit; ``"higher"`` or ``"lower"`` says what is good.
    change
        Rule: knots in a feature that compares the account with its own past.
    weight
        The expert's weight, in any unit: only the proportions count.
    owner
        Who keeps the rule up to date.
    stale_after, recency
        A value is missing when the feature ``recency`` says that it is more than ``stale_after`` days old.
    role
        ``lever`` can be acted on, ``signal`` follows something else, ``context`` only describes.
    label_en, label_ja
        Noun phrases for people.
    terms
        Other names that people know it by, to be found by.

    Raises
    ------
    ConfigError
        If something is wrong; every fault is listed, with the name of the measure.

    Examples
    --------
    >>> measure = Measure(name="days", feature="usage_days_distinct_30d", dimension="adoption",
    ...                   knots=((0, 0), (10, 70), (20, 100)))
    >>> measure.rule
    'knots'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    feature: str = Field(min_length=1)
    dimension: Dimension
    knots: Knots | None = None
    levels: dict[str, Points] | None = Field(default=None, min_length=1)
    relative: Literal["higher", "lower"] | None = None
    change: Knots | None = None
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    owner: str | None = None
    stale_after: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    recency: str | None = None
    role: Literal["lever", "signal", "context"] = "signal"
    label_en: str | None = None
    label_ja: str | None = None
    terms: tuple[str, ...] = ()

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            known = list(type(self).model_fields)
            raise ConfigError(faults_of(error, f"measure {data.get('name', '?')!r}", known)) from error

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED:
            raise PydanticCustomError("cs_ml", "{expected}", {"expected": f"a name other than {', '.join(RESERVED)}"})
        return name

    @field_validator("knots", "change")
    @classmethod
    def _values_rise(cls, knots: Knots | None) -> Knots | None:
        values = [value for value, _ in knots or ((0.0, 0.0), (1.0, 0.0))]
        if len(values) < 2 or any(right - left < NEAREST for left, right in pair(values)):
            raise PydanticCustomError("cs_ml", "{expected}", {"expected": "at least two pairs with rising values"})
        return knots

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = [rule for rule in RULES if getattr(self, rule) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise PydanticCustomError(
                "cs_ml", "{expected}", {"expected": f"exactly one rule of {', '.join(RULES)}", "found": found}
            )
        if (self.stale_after is None) != (self.recency is None):
            raise PydanticCustomError(
                "cs_ml", "{expected}", {"expected": "stale_after and recency together, or neither"}
            )
        return self

    @property
    def rule(self) -> str:
        """Name of the rule: ``knots``, ``levels``, ``relative`` or ``change``."""
        return next(rule for rule in RULES if getattr(self, rule) is not None)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns the measure reads: its feature, and the recency that tells whether it is stale."""
        return (self.feature,) if self.recency is None else (self.feature, self.recency)


def unknown_features(measures: Iterable[Measure], features: Iterable[str]) -> list[Fault]:
    """Return one fault for each feature that a measure reads and the frame does not have.

    Parameters
    ----------
    measures
        Measures of a scorecard.
    features
        Columns of the feature frame.

    Returns
    -------
    list of Fault
        Each names the measure and the nearest existing feature.

    Examples
    --------
    >>> measure = Measure(name="nps", feature="nps_score_lates", dimension="sentiment", relative="higher")
    >>> print(*unknown_features([measure], ["nps_score_latest"]))
    measure 'nps': expected a feature of the frame, found 'nps_score_lates'; did you mean 'nps_score_latest'?
    """
    existing = [str(feature) for feature in features]
    return [
        Fault(f"measure {measure.name!r}", "a feature of the frame", repr(feature), hint=_nearest(feature, existing))
        for measure in measures
        for feature in measure.features
        if feature not in existing
    ]


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}?" if close else "the frame has no features"
