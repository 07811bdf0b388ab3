"""What a library could not do, in a message for the user."""

from __future__ import annotations

import errno

__all__ = ["foreseen"]

_FULL = ("No space left", "disk is full")
_REFUSED = {
    errno.EACCES: "no permission; check who owns it, or choose another folder",
    errno.EPERM: "no permission; check who owns it, or choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOENT: "no such file or folder; correct the path",
    errno.ENOTDIR: "a part of the path is a file where a folder is expected; correct the path",
    errno.EISDIR: "a folder stands where a file is expected; correct the path",
    errno.EEXIST: "a file stands where a folder is expected; remove it, or choose another folder",
    errno.EMFILE: "too many open files; raise the limit of the system (ulimit -n)",
}


def foreseen(error: BaseException) -> str | None:
    """Return what to tell the user about an error that a library raised.

    Parameters
    ----------
    error
        Any error; what it was raised from is looked at, too.

    Returns
    -------
    str or None
        ``None`` where it can only be a defect of ours.

    Examples
    --------
    >>> foreseen(OSError(errno.ENOSPC, "No space left on device", "scores.parquet"))
    'the disk is full (scores.parquet); free some space and run again, earlier results are as they were'
    >>> foreseen(KeyError("p_churn")) is None
    True
    """
    for cause in _causes(error):
        number, name = getattr(cause, "errno", None), getattr(cause, "filename", None)
        if number in {errno.ENOSPC, errno.EDQUOT} or any(words in str(cause) for words in _FULL):
            where = f" ({name})" if name else ""
            return f"the disk is full{where}; free some space and run again, earlier results are as they were"
        if isinstance(cause, MemoryError) or type(cause).__name__ == "OutOfMemoryException":
            return "the memory does not suffice; lower engine.memory_limit and engine.workers, or snapshot fewer dates"
        if isinstance(cause, OSError) and number in _REFUSED and name is not None:
            return f"cannot use {name}: {_REFUSED[number]}"
    return None


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
