"""Features of one's own: a function of what each account could know becomes a builder like any other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.errors import ConfigError, CsMlError, Fault, FrameError
from cs_ml.features.feature import Feature, Kind, Role
from cs_ml.features.own_values import checked_column
from cs_ml.timeline.seen import Seen

__all__ = ["OwnFeature", "feature"]

NAME = re.compile(r"[a-z][a-z0-9_]*")
REDUCED = "usage"


@dataclass(frozen=True)
class OwnFeature:
    """One feature that a function makes of one table; :func:`feature` makes it.

    Parameters
    ----------
    function
        Takes what was known of the table before each key, and returns one value a key.
    about
        What the feature means.
    time
        Column that says when a row happened.
    needs
        Columns without which there is no such feature.
    """

    function: Callable[[Seen], Any]
    about: Feature
    time: str
    needs: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The one table that the function sees."""
        return (self.about.sources,)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the feature, where the table has the columns it needs."""
        return [self.about] if {self.time, *self.needs} <= set(columns) else []

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`.

        Raises
        ------
        FrameError
            If the function fails, or returns anything but one value a key of its kind.
        """
        table = self.about.sources
        seen = Seen.of(table, bucket.frames[table], keys, time=self.time, clock=bucket.clock)
        try:
            values = self.function(seen)
        except CsMlError:
            raise
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
            raise FrameError(Fault(f"feature {self.about.name}", "a function that runs", found)) from error
        return pd.DataFrame({self.about.name: checked_column(self.about, values, len(keys))}, index=keys)

    def __call__(self, seen: Seen) -> Any:
        """Call the function itself."""
        return self.function(seen)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes by name where a module has it, since the module no longer has the function."""
        module, name = self.function.__module__, self.function.__qualname__
        if module != "__main__" and getattr(sys.modules.get(module), name, None) is self:
            return _of_module, (module, name)
        return type(self), (self.function, self.about, self.time, self.needs)


def feature(
    *,
    table: str,
    time: str,
    theme: str,
    unit: str,
    en: str,
    ja: str,
    name: str | None = None,
    needs: Iterable[str] = (),
    kind: Kind = "number",
    direction: int = 0,
    role: Role = "signal",
    sentence_en: str | None = None,
    sentence_ja: str | None = None,
) -> Callable[[Callable[[Seen], Any]], OwnFeature]:
    """Make a feature out of a function; it gets the catalog, the audit, buckets and cores for free.

    The function is given a :class:`cs_ml.timeline.Seen`: the rows known before each account and date, with values
    revealed later left out. It returns one value for each of them.

    Parameters
    ----------
    table
        Source table, of the catalog or of one's own.
    time
        Its column that says when a row happened.
    theme
        What the feature is about, such as usage, sentiment, contract, profile, or a word of one's own.
    unit
        Unit of the value: count, users, days, share, score, money, category, flag, text, ...
    en, ja
        Noun phrase that names the feature in English and Japanese.
    name
        Name of the feature; that of the function where missing.
    needs
        Columns without which there is no such feature.
    kind, direction, role
        As for :class:`cs_ml.Feature`.
    sentence_en, sentence_ja
        Sentences with ``{value}`` and ``{typical}``; made of the noun phrases where missing.

    Raises
    ------
    ConfigError
        If a word is none of those that are known, or the table is only there reduced to days; all such faults at once.

    Examples
    --------
    >>> @feature(table="trainings", time="held_at", theme="onboarding", unit="count", en="Trainings", ja="研修数")
    ... def trainings_count_90d(trainings):
    ...     return trainings.last(90).count()
    >>> trainings_count_90d.about.sentence_en
    'Trainings: {value}, where {typical} is typical'
    """
    sentences = (
        sentence_en or f"{en}: {{value}}" + ("" if kind == "category" else ", where {typical} is typical"),
        sentence_ja or f"{ja}: {{value}}" + ("" if kind == "category" else "(標準的な値: {typical})"),
    )

    def make(function: Callable[[Seen], Any]) -> OwnFeature:
        about = Feature(name or function.__name__, theme, unit, en, ja, *sentences, kind, direction, role, table)
        faults = list(_faults(about))
        if faults:
            raise ConfigError(faults)
        return OwnFeature(function, about, time, tuple(needs))

    return make


def _faults(about: Feature) -> Iterable[Fault]:
    where = f"feature {about.name}"
    if not NAME.fullmatch(about.name):
        yield Fault(where, "a name of small letters, digits and _", repr(about.name), hint="give it a `name`")
    for word, value, allowed in (("kind", about.kind, get_args(Kind)), ("role", about.role, get_args(Role))):
        if value not in allowed:
            yield Fault(f"{where}: {word}", f"one of {', '.join(allowed)}", repr(value))
    if about.direction not in (-1, 0, 1):
        yield Fault(f"{where}: direction", "one of -1, 0, 1", repr(about.direction))
    if any(mark in text for text in (about.label_en, about.label_ja) for mark in "{}"):
        yield Fault(f"{where}: en, ja", "a noun phrase", "braces", hint="give sentence_en and sentence_ja instead")
    if about.sources == REDUCED:
        hint = "declare an own table over the same file, with `where` for the events you mean"
        yield Fault(f"{where}: table", "a table with rows", "usage, which is reduced to days before", hint=hint)


def _of_module(module: str, name: str) -> Any:
    __import__(module)
    return getattr(sys.modules[module], name)
