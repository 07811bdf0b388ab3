"""One run at a time in a folder; the second waits, or says who is there."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from cs_ml.errors import StorageError
from cs_ml.store.aside import disk, sweep

LOCK_NAME = ".lock"
_PAUSE_SECONDS = 0.05


@contextmanager
def lock(folder: Path | str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold a folder alone; the operating system lets go when the process ends, however it ends.

    On entry whatever killed runs left half-written below the folder is cleared away. The small lock file stays:
    deleting it would let two runs in.

    Parameters
    ----------
    folder
        Existing folder.
    wait_seconds
        How long to wait for another run, in seconds.

    Raises
    ------
    StorageError
        When another run holds the folder longer than that, naming it, or when the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, lock(folder):
    ...     with lock(folder):
    ...         pass
    Traceback (most recent call last):
    cs_ml.errors.StorageError: ... is in use by process ... on ... since ...; wait for it to end, or stop it
    """
    path = Path(folder, LOCK_NAME)
    with disk(path, "lock"):
        handle = path.open("a+", encoding="utf-8")
    with handle:
        _acquire(handle, Path(folder), wait_seconds)
        _note(handle, {"process": os.getpid(), "host": socket.gethostname(), "since": _now()})
        sweep(Path(folder))
        try:
            yield
        finally:
            _note(handle, None)


def _acquire(handle: IO[str], folder: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while not _try(handle):
        if time.monotonic() >= deadline:
            raise StorageError(f"{folder} is in use by {_holder(handle)}; wait for it to end, or stop it")
        time.sleep(_PAUSE_SECONDS)


def _holder(handle: IO[str]) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        handle.seek(0)
        held = json.loads(handle.read())
        return f"process {held['process']} on {held['host']} since {held['since']}"
    return "another run"


def _note(handle: IO[str], content: dict[str, object] | None) -> None:
    with suppress(OSError):  # a full disk must not undo the lock: the note is only for the reader of a message
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps(content) if content else "")
        handle.flush()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


if sys.platform == "win32":
    import msvcrt

    def _try(handle: IO[str]) -> bool:
        handle.seek(1 << 30)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(handle: IO[str]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
