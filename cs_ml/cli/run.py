"""Running the command: every error that we foresee is one message and an exit code."""

from __future__ import annotations

import io
import os
import sys

import typer

from cs_ml.cli.commands import app
from cs_ml.cli.screen import fail
from cs_ml.errors import CsMlError

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command; every error that we foresee is one message and exit code 2."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads burn four times the work
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Japanese is no reason to fail
    try:
        code = app(standalone_mode=False)
    except CsMlError as error:
        fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is, the user gets a message
        _unforeseen(error)
    if code == INTERRUPTED:
        fail("interrupted; nothing was left half written", INTERRUPTED)
    sys.exit(code or 0)


def _unforeseen(error: Exception) -> None:
    """Tell the user what a library could not do; a defect of ours is named as one."""
    from cs_ml.pipeline.foreseen import foreseen

    click_code = getattr(error, "exit_code", None)
    if click_code is not None and hasattr(error, "format_message"):
        fail(f"{error.format_message() or 'expected a command, found none'}; see cs-ml --help", int(click_code))
    if (message := foreseen(error)) is not None:
        fail(message, 2)
    if os.environ.get("CS_ML_DEBUG"):
        raise error
    fail(f"a defect of ours: {type(error).__name__}: {error}\nset CS_ML_DEBUG=1 to see where, and please report it", 70)
