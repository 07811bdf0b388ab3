"""What is saved together and loaded safely: states of estimators, tables about them, facts about their making.

A bundle is a folder of JSON files and a manifest with their hashes. Nothing in it is ever executed: a state goes
only to a class that the caller names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, Self

import pandas as pd

from cs_ml.errors import BundleError, InputError
from cs_ml.store.frames import frame_from_state, frame_to_state
from cs_ml.store.hashing import hash_json
from cs_ml.store.plain import plain
from cs_ml.store.sealed import read_sealed, write_sealed

__all__ = ["Bundle", "HasState"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE = re.compile(r"metadata\.json|(?:parts|tables)/[a-z][a-z0-9_]{0,63}\.json")


class HasState(Protocol):
    """A fitted estimator that can be written down and made again."""

    def to_state(self) -> dict[str, Any]:
        """Return everything that was learned, JSON-able."""
        ...

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Make the same estimator again."""
        ...


@dataclass(frozen=True)
class Bundle:
    """States of estimators, tables about them, and facts about their making.

    Parameters
    ----------
    parts
        ``{"kind": class name, "state": JSON-able dict}`` by part name, see :meth:`of`.
    tables
        Small frames by name, such as the feature catalog and the reliability table.
    metadata
        JSON-able facts: versions, hashes, report card.

    Examples
    --------
    >>> bundle = Bundle({"rate": {"kind": "Rate", "state": {"p": 0.1}}}, metadata={"config_hash": "ab"})
    >>> bundle.part("rate")
    {'p': 0.1}
    >>> bundle.version
    'b6210afd7c93'
    """

    parts: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        parts: Mapping[str, HasState],
        *,
        tables: Mapping[str, pd.DataFrame] | None = None,
        metadata: Mapping[str, Any] | None = None,
        created_at: datetime | None = None,
    ) -> Self:
        """Gather fitted estimators.

        Parameters
        ----------
        parts
            Fitted estimators by part name, such as ``churn``, ``upsell``, ``health``.
        tables
            Small frames by name.
        metadata
            JSON-able facts; ``cs_ml_version`` and ``created_at`` are added.
        created_at
            When the bundle was made, in UTC; now by default. It does not enter :attr:`version`.
        """
        made = created_at or datetime.now(UTC).replace(tzinfo=None)
        facts = {"cs_ml_version": _package_version(), "created_at": made.isoformat(timespec="seconds")}
        states = {name: {"kind": type(part).__name__, "state": part.to_state()} for name, part in parts.items()}
        return cls(states, dict(tables or {}), {**facts, **(metadata or {})})

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with anything learned; made twice from the same, they agree."""
        facts = {key: value for key, value in self.metadata.items() if key != "created_at"}
        tables = {name: frame_to_state(table) for name, table in self.tables.items()}
        return hash_json({"parts": dict(self.parts), "tables": tables, "metadata": facts})[:12]

    def part(self, name: str) -> dict[str, Any]:
        """Return the state of one part.

        Parameters
        ----------
        name
            Part name.

        Raises
        ------
        BundleError
            When there is no such part; the message names those there are.
        """
        return dict(self._named("part", self.parts, name)["state"])

    def table(self, name: str) -> pd.DataFrame:
        """Return one table.

        Parameters
        ----------
        name
            Table name.

        Raises
        ------
        BundleError
            When there is no such table; the message names those there are.
        """
        table: pd.DataFrame = self._named("table", self.tables, name)
        return table.copy()

    def restore(self, name: str, classes: Mapping[str, type[Any]]) -> Any:
        """Make the estimator of one part again.

        Parameters
        ----------
        name
            Part name.
        classes
            The only classes allowed, by class name.

        Returns
        -------
        object
            Estimator that scores bit for bit as the saved one.

        Raises
        ------
        BundleError
            When the part is missing, of a class not allowed, or its state does not fit the class.
        """
        state = self.part(name)
        kind = self.parts[name]["kind"]
        if kind not in classes:
            raise BundleError(f"part {name}: expected one of {_list(classes)}, found {kind!r}; update cs_ml")
        try:
            return classes[kind].from_state(state)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BundleError(
                f"part {name}: the state does not fit {kind} ({type(error).__name__}: {error}); train again"
            ) from error

    def save(self, folder: Path | str) -> Path:
        """Write the bundle, replacing an older one in one step.

        Parameters
        ----------
        folder
            Folder to create or replace; its parent must exist.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        BundleError
            When a name or a value cannot be written.
        StorageError
            When the disk does not let us; an older bundle is untouched then.
        """
        files = self._files()
        return write_sealed(folder, files, {"version": self.version, "cs_ml_version": _package_version()})

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a bundle after holding every file against the manifest.

        Parameters
        ----------
        folder
            Folder that :meth:`save` wrote.

        Raises
        ------
        BundleError
            When the folder is no bundle, of an unknown format, damaged, or holds files that do not belong to it;
            the message names them all.
        """
        contents = read_sealed(folder, _FILE)
        try:
            return cls(
                {name: _part(content) for name, content in _group(contents, "parts")},
                {name: frame_from_state(content) for name, content in _group(contents, "tables")},
                dict(contents["metadata.json"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{folder} does not hold what a bundle holds ({error!r}); train again") from error

    def _files(self) -> dict[str, Any]:
        wrong = [name for name in (*self.parts, *self.tables) if not _NAME.fullmatch(name)]
        if wrong:
            raise BundleError(f"names of parts and tables: expected lower case letters and _, found {_list(wrong)}")
        try:
            parts = {f"parts/{name}.json": plain(dict(part), name) for name, part in self.parts.items()}
            tables = {f"tables/{name}.json": frame_to_state(table) for name, table in self.tables.items()}
            return {**parts, **tables, "metadata.json": plain(dict(self.metadata), "metadata")}
        except InputError as error:
            raise BundleError(f"the bundle cannot be written: {error}") from error

    @staticmethod
    def _named(what: str, group: Mapping[str, Any], name: str) -> Any:
        if name not in group:
            raise BundleError(f"{what} {name!r} is not in the bundle, which has {_list(group) or 'none'}")
        return group[name]


def _part(content: dict[str, Any]) -> dict[str, Any]:
    return {"kind": content["kind"], "state": dict(content["state"])}


def _group(contents: dict[str, Any], group: str) -> Iterator[tuple[str, Any]]:
    for name, content in contents.items():
        if name.startswith(f"{group}/"):
            yield name.removeprefix(f"{group}/").removesuffix(".json"), content


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _package_version() -> str:
    try:
        return version("cs_ml")
    except PackageNotFoundError:
        return "unknown"
