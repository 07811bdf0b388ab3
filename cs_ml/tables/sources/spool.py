"""Copies of source tables that DuckDB cannot read where they lie; they go when the process ends, however it ends."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from cs_ml.errors import StorageError

__all__ = ["scratch", "spooled"]

PREFIX, HELD = "cs_ml_", ".held"
_numbers = itertools.count()
_held: list[IO[bytes]] = []  # open until the process ends: the operating system lets go of a lock then


@cache
def scratch() -> Path:
    """Return the temporary folder of this process, which lives until the process ends.

    What killed processes of this user left is removed on the way: a folder is held by a lock of the operating system,
    so one that can be locked belongs to nobody.

    Raises
    ------
    StorageError
        If no folder can be made.
    """
    try:
        _sweep(Path(tempfile.gettempdir()))
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}"))
        _held.append((made / HELD).open("wb"))
        _lock(_held[-1])
        folder = made.rename(made.with_name(made.name[1:]))  # under this name only once it is held
    except OSError as error:
        raise StorageError(f"temporary folder: expected one to write to, found {error}; set TMPDIR") from error
    atexit.register(_clear, folder, os.getpid())
    return folder


def spooled(name: str) -> Path:
    """Return the path of a new temporary file that lives until the process ends.

    Examples
    --------
    >>> spooled("usage.csv").parent == spooled("usage.csv").parent
    True
    """
    return scratch() / f"{next(_numbers)}_{name}"


def _clear(folder: Path, owner: int) -> None:
    """Remove the folder at the end, but not at that of a fork."""
    if os.getpid() == owner:
        for handle in _held:
            handle.close()
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove the folders of this user that no living process holds."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # held, gone meanwhile, or of another kind
            if _is_ours(folder):
                with (folder / HELD).open("rb+") as handle:
                    _lock(handle)
                    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and folder.is_dir() and folder.lstat().st_uid == _user()


if sys.platform == "win32":
    import msvcrt

    def _user() -> int:
        return 0

    def _lock(handle: IO[bytes]) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _user() -> int:
        return os.getuid()

    def _lock(handle: IO[bytes]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
