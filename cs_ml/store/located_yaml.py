"""YAML as data with the line and column of every key: nothing is executed, and ``no`` is a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cs_ml.errors import ConfigError, Fault
from cs_ml.store.aside import disk

__all__ = ["LocatedFault", "LocatedYaml", "parse_yaml", "read_yaml"]

Place = tuple[str, ...]
_LARGEST = 1_000_000  # characters; a config is a page
_DEEPEST = 50
_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class LocatedFault(Fault):
    """A fault that says where in a file it is.

    Examples
    --------
    >>> print(LocatedFault("book.yaml:5:3: labels.churn.horizon_days", "a whole number", "'ninety'"))
    book.yaml:5:3: labels.churn.horizon_days: expected a whole number, got 'ninety'
    """

    def __str__(self) -> str:
        text = f"{self.where}: expected {self.expected}, got {self.found}"
        return f"{text}; {self.hint}" if self.hint else text


@dataclass(frozen=True)
class LocatedYaml:
    """What a YAML file says, and where it says it.

    Parameters
    ----------
    name
        File name for messages.
    data
        Nested dict, list, str, int, float, bool, None.
    marks
        Line and column, from 1, of each key or list item by its place, such as ``("labels", "churn")``.
    """

    name: str
    data: dict[Any, Any]
    marks: dict[Place, tuple[int, int]]

    def fault(self, place: Place, expected: str, found: str, hint: str | None = None) -> LocatedFault:
        """Return a fault at a place, or at the nearest place above it that the file has."""
        known = place
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (1, 1))
        where = f"{self.name}:{line}:{column}" + (f": {'.'.join(place)}" if place else "")
        return LocatedFault(where, expected, found, hint=hint)


def read_yaml(path: Path | str) -> LocatedYaml:
    """Read a YAML file with the places of its keys.

    Parameters
    ----------
    path
        UTF-8 file whose top level is a mapping.

    Raises
    ------
    ConfigError
        When it is not such a file, gives a key twice, or uses tags, anchors or several documents.
    StorageError
        When it cannot be read.
    """
    path = Path(path)
    with disk(path, "read"):
        content = path.read_bytes()
    try:
        return parse_yaml(content.decode("utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            LocatedFault(f"{path.name}:{line}:1", "UTF-8 text", "other bytes", hint="save as UTF-8")
        ) from error


def parse_yaml(text: str, name: str = "text") -> LocatedYaml:
    r"""Parse YAML text with the places of its keys.

    Parameters
    ----------
    text
        A mapping, or nothing at all.
    name
        File name for messages.

    Raises
    ------
    ConfigError
        As :func:`read_yaml`.

    Examples
    --------
    >>> parse_yaml("country: no\nsince: 2026-10-01\n").data
    {'country': 'no', 'since': '2026-10-01'}
    >>> parse_yaml("a: 1\nb: 2\na: 3\n", "book.yaml")
    Traceback (most recent call last):
    cs_ml.errors.ConfigError: book.yaml:3:1: a: expected each key once, got it again after line 1
    """
    if len(text) > _LARGEST:
        raise ConfigError(LocatedFault(f"{name}:1:1", f"at most {_LARGEST:,} characters", f"{len(text):,}"))
    reader = _Reader(name)
    data = reader.value(_compose(text, name), (), 0)
    if not isinstance(data, dict):
        reader.faults.append(LocatedFault(f"{name}:1:1", "keys with values", repr(data)))
    if reader.faults:
        raise ConfigError(reader.faults)
    return LocatedYaml(name, data, reader.marks)


class _Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2, without anchors."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  PyYAML keeps them on the class

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None):
            problem = "an anchor or alias, which is not supported; write the value out"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


_RESOLVERS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "null": (r"~|null|Null|NULL|", "~nN", lambda _: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text.lower() == "true"),
    "int": (r"[-+]?[0-9]+", "-+0123456789", int),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789", float),
    "str": (r"(?!)", "", str),
}
for _tag, (_pattern, _first, _) in _RESOLVERS.items():
    _Loader.add_implicit_resolver(
        _CORE + _tag, re.compile(f"(?:{_pattern})$"), [*_first, ""] if _tag == "null" else list(_first)
    )


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        raise ConfigError(LocatedFault(where, "plain YAML", str(problem))) from error
    except yaml.YAMLError as error:
        raise ConfigError(LocatedFault(f"{name}:1:1", "plain YAML", str(error).replace("\n", " "))) from error
    except RecursionError as error:
        raise ConfigError(LocatedFault(f"{name}:1:1", "plain YAML", "levels without end")) from error


class _Reader:
    """Turns nodes into values, noting places and faults."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Place, tuple[int, int]] = {}
        self.faults: list[Fault] = []

    def value(self, node: yaml.Node | None, place: Place, depth: int) -> Any:
        if node is None:
            return {}
        self.marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
        if depth > _DEEPEST:
            return self._fault(node, place, f"at most {_DEEPEST} levels", "more")
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            return [self.value(item, (*place, str(number)), depth + 1) for number, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node, place)
            inner = (*place, str(key))
            if inner in self.marks:
                self._fault(key_node, inner, "each key once", f"it again after line {self.marks[inner][0]}")
            self.marks[inner] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            values[key] = self.value(value_node, inner, depth + 1)
        return values

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        tag = str(node.tag).removeprefix(_CORE)
        if not isinstance(node, yaml.ScalarNode) or tag not in _RESOLVERS:
            return self._fault(node, place, "a plain value without a tag", str(node.tag))
        try:
            return _RESOLVERS[tag][2](node.value)
        except ValueError:
            return self._fault(node, place, f"a value of the kind {tag}", repr(node.value))

    def _fault(self, node: yaml.Node, place: Place, expected: str, found: str) -> None:
        where = f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        self.faults.append(LocatedFault(": ".join([where, *[".".join(place)] * bool(place)]), expected, found))
