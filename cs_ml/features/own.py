"""Features of one's own: a function of what each account could know becomes a builder like any other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.errors import ConfigError, Fault, FrameError
from cs_ml.features.feature import THEMES, UNITS, Feature, Kind, Role
from cs_ml.features.own_runs import running
from cs_ml.features.own_values import checked_column
from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.revealed import SUFFIX
from cs_ml.timeline.seen import Seen

__all__ = ["OwnFeature", "feature", "wrong_words"]

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
        """Return the feature, where the table has the columns it needs.

        Raises
        ------
        ConfigError
            If the table has no such column of time, and the catalog knows none either.
        """
        columns, table = list(columns), self.about.sources
        if self.time not in columns and not (table in SCHEMAS and self.time in SCHEMAS[table].names):
            near = get_close_matches(self.time, columns, n=1)
            hint = f"did you mean {near[0]}?" if near else "name the column that says when a row happened"
            found = f"columns {', '.join(name for name in columns if not name.endswith(SUFFIX))}"
            where = f"feature {self.about.name}: time"
            raise ConfigError(Fault(where, f"a column of {table}", f"{self.time!r}, but {found}", hint=hint))
        return [self.about] if {self.time, *self.needs} <= set(columns) else []

    @property
    def place(self) -> str:
        """File and line of the function."""
        code = getattr(self.function, "__code__", None)
        return f"{Path(code.co_filename).name}:{code.co_firstlineno}" if code else type(self.function).__name__

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`.

        Raises
        ------
        FrameError
            If the function fails, or returns anything but one value a key of its kind.
        """
        table, where = self.about.sources, f"feature {self.about.name}"
        rows = bucket.frames[table]
        if not pd.api.types.is_datetime64_any_dtype(rows[self.time]):
            raise FrameError(Fault(f"{where}: time", "a column of instants", f"{table}.{self.time}, which has none"))
        seen = Seen.of(table, rows, keys, time=self.time, clock=bucket.clock)
        with running(where, "a function that runs"):
            values = self.function(seen)
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
    theme, unit
        What the feature is about, and unit of its value: words that :class:`cs_ml.Feature` lists.
    en, ja
        Noun phrase that names the feature in English and Japanese.
    name
        Name of the feature; that of the function where missing.
    needs
        Columns without which there is no such feature; a book that lacks one is told of it.
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
        faults = [*wrong_words(about), *_unfit(about)]
        if faults:
            raise ConfigError(faults)
        return OwnFeature(function, about, time, (needs,) if isinstance(needs, str) else tuple(needs))

    return make


def wrong_words(about: Feature) -> Iterable[Fault]:
    """Yield what keeps a description from being one: words that are not known, labels that say nothing."""
    where = f"feature {about.name}"
    if not isinstance(about.name, str) or not NAME.fullmatch(about.name):
        yield Fault(where, "a name of small letters, digits and _", repr(about.name), hint="give it a `name`")
    words = ("theme", THEMES), ("unit", UNITS), ("kind", get_args(Kind)), ("role", get_args(Role))
    for word, allowed in words:
        if (value := getattr(about, word)) not in allowed:
            near = get_close_matches(str(value), allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else None
            yield Fault(f"{where}: {word}", f"one of {', '.join(allowed)}", repr(value), hint=hint)
    if about.direction not in (-1, 0, 1):
        yield Fault(f"{where}: direction", "one of -1, 0, 1", repr(about.direction))
    for lang in ("en", "ja"):
        if not str(label := getattr(about, f"label_{lang}")).strip():
            yield Fault(f"{where}: {lang}", "a noun phrase that names it", repr(label))


def _unfit(about: Feature) -> Iterable[Fault]:
    where = f"feature {about.name}"
    if any(mark in text for text in (about.label_en, about.label_ja) for mark in "{}"):
        yield Fault(f"{where}: en, ja", "a noun phrase", "braces", hint="give sentence_en and sentence_ja instead")
    if about.sources == REDUCED:
        hint = "declare an own table over the same file, with `where` for the events you mean"
        yield Fault(f"{where}: table", "a table with rows", "usage, which is reduced to days before", hint=hint)


def _of_module(module: str, name: str) -> Any:
    __import__(module)
    return getattr(sys.modules[module], name)
