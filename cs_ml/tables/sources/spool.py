"""Copies of source tables that DuckDB cannot read where they lie; they go when the process ends."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["spooled"]

_numbers = itertools.count()


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cs_ml_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def spooled(name: str) -> Path:
    """Return the path of a new temporary file that lives until the process ends.

    Examples
    --------
    >>> spooled("usage.csv").parent == spooled("usage.csv").parent
    True
    """
    return _folder() / f"{next(_numbers)}_{name}"
