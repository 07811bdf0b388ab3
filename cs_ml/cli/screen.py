"""What commands say: results on standard output, progress and errors beside them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["fail", "progress", "tell"]


def tell(*lines: str) -> None:
    """Write lines of a result."""
    for line in lines:
        sys.stdout.write(f"{line}\n")


def fail(message: str, code: int) -> None:
    """Write an error and end with an exit code."""
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done on a terminal; say nothing in a job."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
