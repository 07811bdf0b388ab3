"""Every exception of the package; the command ends with exit code 2 on each of them.

::

    CsMlError
    ├── InputError            what was given cannot be used
    │   ├── ConfigError       a key or value in a config or scorecard file
    │   ├── TableError        a source table, a column, its rows
    │   ├── FrameError        a frame handed to an estimator or a report
    │   └── NotEnoughData     the data can bear no answer
    ├── MissingExtra          an optional part is not installed
    ├── StorageError          a disk, a database, a lock
    └── BundleError           a saved model that is missing, damaged or of another kind
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

CREDENTIALS = re.compile(r"(:/{1,2})[^\s/@:]+:\S*@")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, where it is, and what to do about it.

    Parameters
    ----------
    where
        Table and column, or file, line and key.
    expected
        What should have been there.
    found
        What was there, with an example value.
    rows
        How many rows are affected, where rows apply.
    hint
        What the reader can do.

    Examples
    --------
    >>> print(Fault("contracts.mrr", "a number", "'abc'", rows=3, hint="correct the value"))
    contracts.mrr: expected a number, found 'abc' (3 rows); correct the value
    """

    where: str
    expected: str
    found: str
    rows: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: expected {self.expected}, found {self.found}"
        if self.rows is not None:
            text += f" ({self.rows:,} row{'' if self.rows == 1 else 's'})"
        return without_password(f"{text}; {self.hint}" if self.hint else text)


def without_password(text: str) -> str:
    """Return a text without the user and password of any URL in it, however the URL was mistaken for something else.

    Examples
    --------
    >>> without_password("expected a folder, found postgresql://user:secret@host/book")
    'expected a folder, found postgresql://***@host/book'
    """
    return CREDENTIALS.sub(r"\1***@", text)


class CsMlError(Exception):
    """Base of every error that the package raises on purpose."""

    exit_code = 2


class InputError(CsMlError, ValueError):
    """What was given cannot be used; the message lists every fault of the check.

    Parameters
    ----------
    problem
        A message, one fault, or all faults of one check.

    Examples
    --------
    >>> error = InputError([Fault("usage", "at least one row", "none")])
    >>> str(error)
    'usage: expected at least one row, found none'
    """

    def __init__(self, problem: str | Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...]
        if isinstance(problem, str):
            self.faults, text = (), problem
        elif isinstance(problem, Fault):
            self.faults, text = (problem,), str(problem)
        else:
            self.faults = tuple(problem)
            text = "\n".join(map(str, self.faults))
            if len(self.faults) > 1:
                text = f"{len(self.faults)} faults\n{text}"
        super().__init__(without_password(text))


class ConfigError(InputError):
    """A key or value in a config or scorecard file cannot be used."""


class TableError(InputError):
    """A source table cannot be used: missing column, wrong type, duplicate key, rows from the future."""


class FrameError(InputError):
    """A frame handed to an estimator, an explanation or a report cannot be used."""


class NotEnoughData(InputError):  # noqa: N818  the name says what is the matter
    """The data can bear no answer, and the message says what is missing."""


class MissingExtra(CsMlError, ImportError):  # noqa: N818
    """An optional part is not installed.

    Parameters
    ----------
    extra
        Name of the extra, as in ``pip install "cs_ml[postgres]"``.
    purpose
        What the extra is needed for.

    Examples
    --------
    >>> str(MissingExtra("postgres", "to read tables from PostgreSQL"))
    'to read tables from PostgreSQL, install the extra: pip install "cs_ml[postgres]"'
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose}, install the extra: pip install "cs_ml[{extra}]"')


class StorageError(CsMlError, OSError):
    """A disk, a database or a lock did not let us read or write; nothing half written stays behind."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class BundleError(CsMlError):
    """A saved model is missing, damaged, or made by an incompatible version."""
