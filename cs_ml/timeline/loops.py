"""Loops compiled by numba, where it is installed and there is work enough to pay for loading it."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

__all__ = ["PAYS", "loaded", "loops"]

PAYS = 1 << 24  # steps of a loop that cost as much in NumPy as loading numba does
PAYS_LOADED = 1 << 12  # and those from which on a call pays where it is loaded


def loaded() -> bool:
    """Tell whether numba is in memory already, so that compiled loops cost nothing more."""
    return "numba" in sys.modules


def loops(module: str, n_steps: int) -> ModuleType | None:
    """Return a module of compiled loops where so many steps pay for it; nothing where numba is not installed.

    Parameters
    ----------
    module
        Full name of the module.
    n_steps
        How often the loops will run in all.
    """
    return _found(module) if n_steps > (PAYS_LOADED if loaded() else PAYS) else None


@cache
def _found(module: str) -> ModuleType | None:
    return None if find_spec("numba") is None else import_module(module)
