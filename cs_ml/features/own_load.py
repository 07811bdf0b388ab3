"""Builders of one's own, found by the names that a config gives: an entry point, a module, or a file."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.metadata import entry_points
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from cs_ml.errors import ConfigError, CsMlError, Fault
from cs_ml.features.own import OwnFeature
from cs_ml.features.own_builders import as_builders, not_builders
from cs_ml.features.own_runs import told

__all__ = ["GROUP", "load_builders"]

GROUP = "cs_ml.builders"


def load_builders(names: Iterable[str], written: Mapping[str, str] | None = None) -> tuple[Any, ...]:
    """Return the builders that a config names.

    Parameters
    ----------
    names
        ``package.module:builder``, ``file.py:builder``, ``file.py`` for everything it declares, or the name of an entry
        point of the group ``cs_ml.builders``.
    written
        File and line of each name, for messages.

    Raises
    ------
    ConfigError
        If one cannot be found, cannot be loaded, or is no builder; all of them at once.
    """
    found: list[Any] = []
    faults: list[Fault] = []
    for name in names:
        place = (written or {}).get(name)
        where = f"{place}: features.builders: {name}" if place else f"features.builders: {name}"
        try:
            things = _load(name, where)
            faults += [fault for thing in things for fault in not_builders(where, thing)]
            found += things
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return as_builders(found)


def _load(name: str, where: str) -> list[Any]:
    place, _, word = name.rpartition(":") if ":" in name and not name.endswith(".py") else (name, "", "")
    try:
        if place.endswith(".py"):
            module = _of_file(Path(place), where)
            return [_attribute(module, word, where)] if word else _declared(module, where)
        return [_attribute(import_module(place), word, where)] if word else [_entry_point(name, where)]
    except (CsMlError, MemoryError):
        raise
    except ModuleNotFoundError as error:
        hint = "install the package that has it, or name a file: my_features.py:builder"
        raise ConfigError(Fault(where, "a module that is installed", told(error), hint=hint)) from error
    except (Exception, SystemExit) as error:
        raise ConfigError(Fault(where, "code that runs when it is loaded", told(error))) from error


def _of_file(path: Path, where: str) -> ModuleType:
    """Run a file; its module is known only meanwhile, so that what it declares is shipped whole, not by name."""
    if not path.is_file():
        raise ConfigError(Fault(where, "a Python file", "no such file", hint="paths are relative to the config"))
    name = f"cs_ml_own_{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    loader = SourceFileLoader(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def _declared(module: ModuleType, where: str) -> list[Any]:
    """Return the features and the classes of builders that a file itself declares, in their order."""
    own = [thing for thing in vars(module).values() if isinstance(thing, OwnFeature)]
    classes = [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and not list(not_builders("", thing))
    ]
    if not own + classes:
        raise ConfigError(Fault(where, "a feature or a class of builders in the file", "none"))
    return own + classes


def _attribute(module: ModuleType, name: str, where: str) -> Any:
    if not hasattr(module, name):
        listed = ", ".join(word for word, thing in vars(module).items() if isinstance(thing, OwnFeature)) or "none"
        raise ConfigError(Fault(where, f"{name} in the module", f"no such name; its features: {listed}"))
    return getattr(module, name)


def _entry_point(name: str, where: str) -> Any:
    points = entry_points(group=GROUP)
    if name not in points.names:
        listed = ", ".join(sorted(points.names)) or "none installed"
        hint = "or write module:builder, or file.py:builder"
        raise ConfigError(Fault(where, f"an entry point of {GROUP}", listed, hint=hint))
    return points[name].load()
