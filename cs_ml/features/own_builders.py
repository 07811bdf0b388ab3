"""Builders of one's own, whose frames are held against what they promised."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pandas as pd

from cs_ml.engine.bucket import Bucket, Builder
from cs_ml.errors import ConfigError, Fault, FrameError
from cs_ml.features.feature import Feature
from cs_ml.features.own import OwnFeature
from cs_ml.features.own_values import checked_column
from cs_ml.tables.catalog import SCHEMAS

__all__ = ["OwnBuilder", "as_builders", "not_builders", "refuse_twice", "refuse_unknown"]


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
        """Tables that the builder reads."""
        return tuple(self.builder.reads)

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of the first table."""
        return list(self.builder.features(columns))

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return what the builder made, one row a key; see :class:`cs_ml.engine.bucket.Builder`.

        Raises
        ------
        FrameError
            If it is no frame on these keys with the columns promised, each of its kind; all faults at once.
        """
        builder: Builder = self.builder
        frame, promised = builder.build(bucket, keys), self.features(bucket.frames[self.reads[0]].columns)
        where = f"builder {type(builder).__name__}"
        if not isinstance(frame, pd.DataFrame):
            raise FrameError(Fault(where, "a frame, one row a key", type(frame).__name__))
        if not frame.index.equals(keys):
            hint = "give it `index=keys`"
            found = f"another index of {len(frame):,} rows"
            raise FrameError(Fault(where, f"the {len(keys):,} keys as the index, in their order", found, hint=hint))
        names = [feature.name for feature in promised]
        if list(frame) != names:
            raise FrameError(Fault(where, f"columns {', '.join(names)}", ", ".join(map(str, frame)) or "none"))
        return pd.DataFrame({item.name: checked_column(item, frame[item.name], len(keys)) for item in promised}, keys)


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
    made = thing() if inspect.isclass(thing) else thing
    return made if isinstance(made, OwnFeature | OwnBuilder) else OwnBuilder(made)


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
