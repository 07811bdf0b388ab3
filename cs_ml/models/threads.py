"""Linear algebra on one thread: sums in one order, whatever the number of cores."""

from __future__ import annotations

from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # ships no types

__all__ = ["one_thread"]


def one_thread() -> Any:
    """Return a context in which linear algebra runs on one thread.

    Libraries are looked for once: looking takes longer than a small regression.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    return _libraries().limit(limits=1)


@cache
def _libraries() -> Any:
    return ThreadpoolController()
