"""Code of a user's own is run here: whatever it raises is told as a fault with its file and line."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb

from cs_ml.errors import CsMlError, Fault, FrameError, InputError

__all__ = ["running", "told"]

OURS = str(Path(__file__).parents[1])
LIBRARIES = ("<frozen", *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))


@contextmanager
def running(
    where: str, expected: str, *, hint: str | None = None, error: type[InputError] = FrameError
) -> Iterator[None]:
    """Turn whatever a user's code raises into one fault; our own faults are said to be found there.

    Parameters
    ----------
    where
        Feature, builder or file that runs.
    expected
        What it should have done.
    hint
        What to do about it.
    error
        Which error to raise.

    Raises
    ------
    InputError
        If the code raises anything, or asks to exit.

    Examples
    --------
    >>> with running("feature a", "a function that runs"):
    ...     {}["x"]
    Traceback (most recent call last):
    cs_ml.errors.FrameError: feature a: expected a function that runs, found KeyError: 'x'...
    """
    try:
        yield
    except InputError as raised:
        if not raised.faults:
            raise
        raise type(raised)([replace(item, where=f"{where}: {item.where}") for item in raised.faults]) from raised
    except (CsMlError, MemoryError):
        raise
    except (Exception, SystemExit) as raised:
        raise error(Fault(where, expected, told(raised), hint=hint)) from raised


def told(error: BaseException) -> str:
    """Say what was raised and in which line of the user's code.

    Examples
    --------
    >>> told(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero'
    """
    theirs = [step for step in extract_tb(error.__traceback__) if not step.filename.startswith((OURS, "<frozen"))]
    own = [step for step in theirs if not step.filename.startswith(LIBRARIES)] or theirs[:1]
    place = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"{type(error).__name__}: {error}{place}"
