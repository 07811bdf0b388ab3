"""The line of a CSV file that has another number of fields than its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import IO

from cs_ml.errors import Fault, TableError

__all__ = ["ragged_fault", "refuse_ragged"]

DELIMITERS = (",", ";", "\t", "|")
LONGEST = 1 << 30
SAID = re.compile(r"CSV Error on Line: (\d+).*Expected Number of Columns: (\d+) Found: (\d+)", re.DOTALL)
HINT = "write the line again; text that holds the separator stands in double quotes"


def refuse_ragged(stream: IO[bytes], path: Path, delimiter: str | None, columns: Collection[str]) -> None:
    """Refuse a file that was not read by its first line, where a later line has another number of fields.

    Parameters
    ----------
    stream
        The text in UTF-8.
    path
        File, for the message.
    delimiter
        Separator, where it is declared.
    columns
        Columns that were found.

    Raises
    ------
    TableError
        If there is such a line.
    """
    csv.field_size_limit(LONGEST)
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        first = text.readline()
        separator = delimiter or max(DELIMITERS, key=first.count)
        header = next(csv.reader([first], delimiter=separator), [])
        if len(header) < 2 or [name.strip() for name in header] == list(columns):
            return
        rows = csv.reader(text, delimiter=separator)
        for row in rows:
            if row and len(row) != len(header):
                raise TableError(_fault(str(path), rows.line_num + 1, len(header), len(row)))


def ragged_fault(origin: str, said: str) -> Fault | None:
    """Return the fault that DuckDB's words about a CSV file mean, if it is a line with other fields.

    Examples
    --------
    >>> words = "CSV Error on Line: 7 Expected Number of Columns: 3 Found: 2"
    >>> print(ragged_fault("usage.csv", words).found)
    2 fields
    """
    found = SAID.search(said)
    if found is None:
        return None
    line, expected, present = (int(number) for number in found.groups())
    return _fault(origin, line, expected, present, unit="row")


def _fault(origin: str, line: int, expected: int, found: int, unit: str = "line") -> Fault:
    return Fault(f"{origin}: {unit} {line:,}", f"{expected} fields, as in the header", f"{found} fields", hint=HINT)
