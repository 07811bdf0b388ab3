"""Reads a YAML file safely and remembers the line and column of every key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cs_ml.errors import ConfigError, Fault

__all__ = ["Source", "read_source"]

MAX_NODES = 20_000  # a scorecard is a page; more comes from aliases that multiply
Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Safe YAML in which only ``true`` and ``false`` are booleans: ``no`` and ``on`` stay words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false|True|False)$"), list("tTfF"))


class Source:
    """Data of a YAML file together with where each key stood.

    Parameters
    ----------
    name
        File name to show in messages.
    data
        What the file says.
    marks
        Line and column, counted from 1, of each place.
    """

    def __init__(self, name: str, data: dict[str, Any], marks: Mapping[Place, tuple[int, int]]) -> None:
        self.name, self.data, self.marks = name, data, marks

    def where(self, place: Place) -> str:
        """Return ``file:line:column`` of a place, or of the nearest place above it.

        Examples
        --------
        >>> Source("a.yaml", {}, {(): (1, 1), ("pdo",): (3, 1)}).where(("pdo", "unknown"))
        'a.yaml:3:1'
        """
        while place and place not in self.marks:
            place = place[:-1]
        line, column = self.marks.get(place, (1, 1))
        return f"{self.name}:{line}:{column}"


def read_source(path: str | Path) -> Source:
    """Read a YAML mapping with the places of its keys.

    Parameters
    ----------
    path
        File to read, UTF-8.

    Returns
    -------
    Source
        Data and places.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no YAML mapping, asks for Python objects, or gives a key twice.
    """
    file = Path(path)
    try:
        return parse_source(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Fault(str(path), "a readable UTF-8 file", str(error))) from error


def parse_source(text: str, name: str) -> Source:
    r"""Parse YAML text; see :func:`read_source`.

    Examples
    --------
    >>> parse_source("pdo: 10\nowner: no\n", "a.yaml").data
    {'pdo': 10, 'owner': 'no'}
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(Fault(f"{name}:1:1", "a mapping of keys to values", "something else"))
        marks: dict[Place, tuple[int, int]] = {}
        twice: list[Fault] = []
        _walk(node, (), name, marks, twice)
        if twice:
            raise ConfigError(twice)
        return Source(name, loader.construct_document(node), marks)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(Fault(_at(name, error.problem_mark), "safe YAML", str(error.problem))) from error
    finally:
        loader.dispose()


def _walk(node: yaml.Node, place: Place, name: str, marks: dict[Place, tuple[int, int]], twice: list[Fault]) -> None:
    """Note where each key stands, and which keys stand twice."""
    marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
    if len(marks) > MAX_NODES:
        raise ConfigError(Fault(_at(name, node.start_mark), f"at most {MAX_NODES:,} values", "more"))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _walk(item, (*place, position), name, marks, twice)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            if inner in marks:
                twice.append(Fault(_at(name, key.start_mark), f"the key {key.value!r} once", "it twice"))
            marks[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _walk(value, inner, name, marks, twice)


def _at(name: str, mark: Any) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
