"""Write beside the target, then rename: a kill at any instant leaves the old or the new, never a half."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cs_ml.errors import CsMlError, StorageError

SUFFIX = ".aside"
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EACCES: "no permission; check who owns the folder",
    errno.EPERM: "no permission; check who owns the folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOENT: "the file or its folder does not exist; create the folder or correct the path",
    errno.ENOTDIR: "a part of the path is a file where a folder is expected; correct the path",
    errno.EISDIR: "a folder stands where a file is expected; correct the path",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


@contextmanager
def disk(path: Path | str, doing: str = "write") -> Iterator[None]:
    """Turn what the operating system says about a path into one clear :class:`StorageError`.

    Parameters
    ----------
    path
        What is read or written.
    doing
        Verb of the message.

    Raises
    ------
    StorageError
        For every OSError inside the block.

    Examples
    --------
    >>> with disk("scores.json", "read"):
    ...     open("no/such/scores.json")
    Traceback (most recent call last):
    cs_ml.errors.StorageError: cannot read scores.json: the file or its folder does not exist; ...
    """
    try:
        yield
    except CsMlError:
        raise
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, str(error))
        raise StorageError(f"cannot {doing} {path}: {reason}") from error


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a path in the same folder to write to; publish it as the target when the block ends well.

    Parameters
    ----------
    target
        File or folder that is to appear, or to be replaced, in one step. Two writers of one folder target must
        not run at once: hold :func:`cs_ml.store.lock.lock`.

    Yields
    ------
    Path
        Name that does not exist yet; the block makes a file or a folder of it.

    Raises
    ------
    StorageError
        When the disk does not let us; the target is untouched then, and nothing is left beside it.
    """
    aside = _beside(target, f"{os.getpid()}-{secrets.token_hex(4)}")
    with disk(target):
        try:
            yield aside
            _sync_tree(aside)
            _publish(aside, target)
        finally:
            remove(aside)


def remove(path: Path) -> None:
    """Delete a file or a folder if it is there; what cannot be deleted now is swept later."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Clear away what killed runs left below a folder, and put back a target caught between two renames.

    Parameters
    ----------
    folder
        Folder whose writers are all stopped or waiting, that is: the caller holds its lock.
    """
    for parent, folders, files in os.walk(folder):
        for name in [name for name in (*folders, *files) if name.startswith(".") and name.endswith(SUFFIX)]:
            _clear(Path(parent, name))
        folders[:] = [name for name in folders if not name.endswith(SUFFIX)]


def _clear(aside: Path) -> None:
    stem, _, mark = aside.name[1 : -len(SUFFIX)].rpartition(".")
    target = aside.with_name(stem)
    if mark == "old" and not target.exists():
        with suppress(OSError):
            aside.rename(target)
    else:
        remove(aside)


def _beside(target: Path, mark: str) -> Path:
    return target.with_name(f".{target.name}.{mark}{SUFFIX}")


def _publish(aside: Path, target: Path) -> None:
    if not (aside.is_dir() and target.is_dir()):
        aside.replace(target)
    elif not _exchange(aside, target):
        _replace_in_two_steps(aside, target)
    _sync(target.parent)


def _replace_in_two_steps(aside: Path, target: Path) -> None:
    old = _beside(target, "old")
    remove(old)
    target.rename(old)
    try:
        aside.rename(target)
    except OSError:
        old.rename(target)
        raise
    remove(old)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can (Linux renameat2, macOS renamex_np)."""
    here = -100  # AT_FDCWD: relative to the working folder
    swap = 2  # RENAME_EXCHANGE, RENAME_SWAP
    paths = os.fsencode(one), os.fsencode(other)
    with suppress(AttributeError):
        if sys.platform == "linux":
            return bool(ctypes.CDLL(None).renameat2(here, paths[0], here, paths[1], swap) == 0)
        if sys.platform == "darwin":
            return bool(ctypes.CDLL(None).renamex_np(*paths, swap) == 0)
    return False


def _sync_tree(path: Path) -> None:
    if path.is_dir():
        for child in path.iterdir():
            _sync_tree(child)
    _sync(path)


def _sync(path: Path) -> None:
    """Make the bytes of a file, or the names in a folder, survive a power cut."""
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
