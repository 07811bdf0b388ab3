"""What an expert says differently of a segment: its rows, weights, and measures of its own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cs_ml.errors import ConfigError
from cs_ml.health.measure import Measure
from cs_ml.health.parsing import faults_of

__all__ = ["SegmentCard"]

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SegmentCard(BaseModel):
    """A scorecard of a segment, as what differs from the default one.

    Parameters
    ----------
    name
        Name of the segment.
    when
        Columns of the features and the values that mean the segment; all must fit.
    weights
        Expert's weights that differ.
    without
        Measures of the default scorecard that are left out.
    measures
        Measures that only this segment has.

    Raises
    ------
    ConfigError
        If something is wrong; every fault is listed.

    Examples
    --------
    >>> SegmentCard(name="enterprise", when={"accounts_segment_current": ["enterprise"]}).when
    {'accounts_segment_current': ('enterprise',)}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    when: dict[str, tuple[str, ...]] = Field(min_length=1)
    weights: dict[str, Weight] = {}
    without: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            where = f"segment {data.get('name', '?')!r}"
            raise ConfigError(faults_of(error, where, list(type(self).model_fields))) from error

    def available(self, names: set[str], features: set[str]) -> SegmentCard:
        """Return the part that the measures and features which exist can bear."""
        own = tuple(measure for measure in self.measures if set(measure.features) <= features)
        weights = {name: weight for name, weight in self.weights.items() if name in names}
        without = tuple(name for name in self.without if name in names)
        return self.model_copy(update={"measures": own, "weights": weights, "without": without})
