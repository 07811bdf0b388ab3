"""Reads scorecards from YAML: a file of the user's, or those that ship with the package."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cs_ml.errors import ConfigError, Fault
from cs_ml.health.bands import Bands
from cs_ml.health.measure import Measure
from cs_ml.health.parsing import fault_of
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.segment_card import SegmentCard
from cs_ml.health.source import Source, parse_source, read_source

__all__ = ["default_scorecard", "load_scorecard", "packaged_scorecard"]

_STAND_IN = Measure(name="none", feature="none", dimension="adoption", relative="higher")  # lets the rest be checked
Part = TypeVar("Part", bound=BaseModel)


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
    rest = {str(key): value for key, value in source.data.items() if key not in ("measures", "bands", "segments")}
    rest["segments"] = _segments(source, faults)
    kept = tuple(measure for measure in measures if measure is not None)
    whole = {**rest, "measures": kept or (_STAND_IN,), "bands": bands or Bands()}
    card = _build(Scorecard, whole, (), source, faults)
    if faults or card is None:
        raise ConfigError(faults)
    return card


def _measure(name: str, entry: Any, source: Source, faults: list[Fault]) -> Measure | None:
    data = {"name": name, **entry} if isinstance(entry, dict) else entry
    return _build(Measure, data, ("measures", name), source, faults)


def _segments(source: Source, faults: list[Fault]) -> tuple[SegmentCard, ...]:
    """Read what differs in segments, in the order of the file."""
    entries = source.data.get("segments") or {}
    if not isinstance(entries, dict):
        faults.append(Fault(source.where(("segments",)), "segments: a mapping of name to what differs", repr(entries)))
        return ()
    found = []
    for name, entry in entries.items():
        data = {"name": str(name), **entry} if isinstance(entry, dict) else entry
        if isinstance(data, dict) and isinstance(data.get("measures"), dict):
            own = [_measure(str(key), value, source, faults) for key, value in data["measures"].items()]
            data = data | {"measures": tuple(measure for measure in own if measure is not None)}
        found.append(_build(SegmentCard, data, ("segments", str(name)), source, faults))
    return tuple(segment for segment in found if segment is not None)


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
