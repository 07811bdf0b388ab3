"""Builders of one's own, whose frames are held against what they promised."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.engine.bucket import Bucket, Builder
from cs_ml.errors import ConfigError, Fault, FrameError
from cs_ml.features.feature import Feature
from cs_ml.features.own import OwnFeature, wrong_words
from cs_ml.features.own_runs import running
from cs_ml.features.own_values import checked_column
from cs_ml.tables.catalog import SCHEMAS

__all__ = ["OwnBuilder", "absent_own", "as_builders", "maker_of", "not_builders", "refuse_twice", "refuse_unknown"]


@dataclass(frozen=True)
class OwnBuilder:
    """A builder of one's own, whose frames are checked before anyone uses them.

    Parameters
    ----------
    builder
        Object with ``reads``, ``features(columns)`` and ``build(bucket, keys)``.
    """

    builder: Any

    @property
    def reads(self) -> tuple[str, ...]:
        """Tables that the builder reads.

        Raises
        ------
        ConfigError
            If it names none, or something else than names.
        """
        with running(self.name, "the names of its tables in `reads`", error=ConfigError):
            reads = self.builder.reads
        listed = tuple(reads) if isinstance(reads, tuple | list) else ()
        if not listed or not all(isinstance(table, str) for table in listed):
            hint = "such as reads = ('contracts',), the table first without which it makes nothing"
            raise ConfigError(Fault(f"{self.name}: reads", "a tuple of names of tables", repr(reads), hint=hint))
        return listed

    @property
    def name(self) -> str:
        """What the builder is called in messages."""
        return f"builder {type(self.builder).__name__}"

    @property
    def place(self) -> str:
        """File and line of its ``build``."""
        code = getattr(getattr(type(self.builder), "build", None), "__code__", None)
        name = type(self.builder).__name__
        return f"{name} in {Path(code.co_filename).name}:{code.co_firstlineno}" if code else name

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of the first table.

        Raises
        ------
        ConfigError
            If it fails, or returns anything but features, each described in known words and there once.
        """
        with running(self.name, "features(columns) that runs", error=ConfigError):
            made = self.builder.features(tuple(columns))
            listed: list[Any] = [made] if isinstance(made, str) or not isinstance(made, Iterable) else list(made)
        wrong = [item for item in listed if not isinstance(item, Feature)]
        if wrong:
            found, hint = f"{wrong[0]!r} of type {type(wrong[0]).__name__}", "return a list of cs_ml.Feature"
            raise ConfigError(Fault(f"{self.name}: features", "a list of features", found, hint=hint))
        faults = [fault for item in listed for fault in wrong_words(item)]
        if faults:
            raise ConfigError([replace(fault, where=f"{self.name}: {fault.where}") for fault in faults])
        refuse_twice([(self.place, listed)])
        return listed

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return what the builder made, one row a key; see :class:`cs_ml.engine.bucket.Builder`.

        It is given frames of its own, so that what it writes into them is seen by no other builder.

        Raises
        ------
        FrameError
            If it fails, or makes no frame on these keys with the columns promised, each of its kind.
        """
        promised = self.features(bucket.frames[self.reads[0]].columns)
        apart = replace(bucket, frames={name: frame.copy(deep=False) for name, frame in bucket.frames.items()})
        with running(self.name, "build(bucket, keys) that runs"):
            frame = self.builder.build(apart, keys)
        where = self.name
        if not isinstance(frame, pd.DataFrame):
            raise FrameError(Fault(where, "a frame, one row a key", type(frame).__name__))
        if not frame.index.equals(keys):
            hint = "give it `index=keys`"
            found = f"another index of {len(frame):,} rows"
            raise FrameError(Fault(where, f"the {len(keys):,} keys as the index, in their order", found, hint=hint))
        names = [feature.name for feature in promised]
        if list(frame) != names:
            raise FrameError(Fault(where, f"columns {', '.join(names)}", ", ".join(map(str, frame)) or "none"))
        columns = {item.name: frame[item.name].array for item in promised}
        return pd.DataFrame({item.name: checked_column(item, columns[item.name], len(keys)) for item in promised}, keys)


def as_builders(own: Iterable[Any]) -> tuple[Any, ...]:
    """Return builders of what a user made: features, builders, or classes of builders.

    Parameters
    ----------
    own
        Objects made by :func:`cs_ml.feature`, or with ``reads``, ``features`` and ``build``; a class is called.

    Raises
    ------
    ConfigError
        If one is no builder; all of them at once.

    Examples
    --------
    >>> from cs_ml.features import ContractsBuilder
    >>> as_builders([ContractsBuilder])[0].reads
    ('contracts',)
    """
    if not isinstance(own, Iterable) or isinstance(own, str):
        raise ConfigError(Fault("own builders", "a list of features or builders", type(own).__name__, hint="own=[...]"))
    own = list(own)
    faults = [fault for item in own for fault in not_builders("own builders", item)]
    if faults:
        raise ConfigError(faults)
    return tuple(_as_builder(item) for item in own)


def not_builders(where: str, thing: Any) -> Iterable[Fault]:
    """Yield what keeps a thing from being a builder."""
    missing = [word for word in ("reads", "features", "build") if not hasattr(thing, word)]
    if missing:
        found = f"{type(thing).__name__} without {', '.join(missing)}"
        yield Fault(where, "a feature or a builder", found, hint="put @cs.feature(...) above a function")


def _as_builder(thing: Any) -> Any:
    made = thing
    if inspect.isclass(thing):
        hint = "give its parameters defaults, or hand in an object"
        with running(
            f"builder {thing.__name__}", "a class that is made without arguments", hint=hint, error=ConfigError
        ):
            made = thing()
    if isinstance(made, OwnFeature | OwnBuilder):
        return made
    builder = OwnBuilder(made)
    _ = builder.reads  # refused here, where the name is known
    return builder


def maker_of(builder: Any) -> str:
    """Say who makes a feature: the package's class, or the file and line of one's own."""
    return builder.place if isinstance(builder, OwnFeature | OwnBuilder) else type(builder).__name__


def absent_own(builders: Iterable[Any], tables: Mapping[str, Collection[str]]) -> list[str]:
    """Return lines about builders of one's own that make nothing of these tables, and why.

    Parameters
    ----------
    builders
        Builders to look at; those of the package are left out.
    tables
        Columns of each table that is there.
    """
    lines = []
    for builder in builders:
        if not isinstance(builder, OwnFeature | OwnBuilder):
            continue
        name = builder.about.name if isinstance(builder, OwnFeature) else builder.name
        table = builder.reads[0]
        lacks = [column for column in getattr(builder, "needs", ()) if column not in tables.get(table, ())]
        if table not in tables:
            lines.append(f"{name} (no table {table})")
        elif lacks:
            lines.append(f"{name} (no column {', '.join(f'{table}.{column}' for column in lacks)})")
        elif not builder.features(tables[table]):
            lines.append(f"{name} (nothing of the columns of {table})")
    return lines


def refuse_twice(named: Iterable[tuple[str, Sequence[Feature]]]) -> None:
    """Refuse two features of one name.

    Parameters
    ----------
    named
        Each builder's name and its features.

    Raises
    ------
    ConfigError
        With every such name.
    """
    makers: dict[str, list[str]] = {}
    for maker, features in named:
        for feature in features:
            makers.setdefault(feature.name, []).append(maker)
    faults = [
        Fault(f"feature {name}", "a name that is there once", f"it in {' and in '.join(found)}", hint="rename your own")
        for name, found in makers.items()
        if len(found) > 1
    ]
    if faults:
        raise ConfigError(faults)


def refuse_unknown(builders: Iterable[Builder], names: Iterable[str]) -> None:
    """Refuse builders of tables that neither the catalog nor the user knows.

    Parameters
    ----------
    builders
        Builders to look at.
    names
        Tables that are there.

    Raises
    ------
    ConfigError
        With every such table.
    """
    known = dict.fromkeys((*SCHEMAS, *names))
    faults = []
    for table in dict.fromkeys(name for builder in builders for name in builder.reads if name not in known):
        near = get_close_matches(table, list(known), n=1)
        hint = f"did you mean {near[0]}?" if near else "declare it: tables.own, or cs_ml.own_table"
        faults.append(Fault(f"table {table}", "a table of the catalog or of your own", "no such table", hint=hint))
    if faults:
        raise ConfigError(faults)
