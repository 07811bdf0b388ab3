"""Memory that was freed, given back to the system."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["hand_back"]


def hand_back() -> None:
    """Give freed memory back to the system, which allocators keep for themselves after much was read at once.

    Examples
    --------
    >>> hand_back()
    """
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()
