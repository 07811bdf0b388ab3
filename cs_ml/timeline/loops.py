"""When compiled loops pay: where numba is installed, and there is work enough for loading or for making them."""

from __future__ import annotations

import threading
import warnings
from importlib.util import find_spec
from types import SimpleNamespace

from cs_ml.timeline.machine_code import kept, load, make, place

__all__ = ["PAYS", "PAYS_LOADED", "PAYS_MADE", "loops"]

PAYS = 1 << 17  # steps of a loop that cost as much in NumPy as loading machine code does, a twentieth of a second
PAYS_LOADED = 1 << 12  # and those from which on a call pays where it is loaded
PAYS_MADE = 1 << 19  # from here on it is made where it is not kept yet, which takes some seconds, once
PAYS_ANEW = 1 << 24  # the same where no folder can be written, so that every process makes it
LOCK = threading.Lock()


def loops(module: str, n_steps: int) -> SimpleNamespace | None:
    """Return the compiled loops of a module where so many steps pay for it; nothing where numba is not installed.

    Parameters
    ----------
    module
        Full name of a module whose ``LOOPS`` are pairs of a function and its signature, in the words of numba; the
        last dimension of every array is contiguous, and whole numbers or nothing are returned.
    n_steps
        How often the loops will run in all.

    Examples
    --------
    >>> loops("cs_ml.timeline.spans_loops", 10) is None
    True
    """
    if n_steps <= PAYS and not (n_steps > PAYS_LOADED and module in _LOADED):
        return None
    with LOCK:
        if module not in _LOADED and _pays(module, n_steps):
            _LOADED[module] = _loaded(module)
    return _LOADED.get(module)


_LOADED: dict[str, SimpleNamespace | None] = {}


def _loaded(module: str) -> SimpleNamespace | None:
    try:
        return load(kept(module) or make(module))
    except Exception as error:  # noqa: BLE001  whatever another version of numba says, NumPy gives the same numbers
        warnings.warn(f"loops are not compiled, NumPy is slower: {type(error).__name__}: {error}", stacklevel=2)
        return None


def _pays(module: str, n_steps: int) -> bool:
    if find_spec("numba") is None:
        return False
    return bool(kept(module)) or n_steps > (PAYS_ANEW if place(module) is None else PAYS_MADE)
