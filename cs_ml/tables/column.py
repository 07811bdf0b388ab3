"""What one column of a source table holds, and when its value is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Column", "Kind"]

Kind = Literal["id", "text", "category", "number", "flag", "instant"]


@dataclass(frozen=True)
class Column:
    """One column of a source table.

    Parameters
    ----------
    name
        Canonical name.
    kind
        ``id``, ``text`` and ``category`` are strings, ``number`` is float64, ``flag`` is true or false,
        ``instant`` is a moment in UTC (a date means its first instant).
    required
        The table cannot be used without the column, nor a row without its value.
    reveals
        Instants after which the value is known, first one present counts. Empty: known with the row.
    minimum, maximum
        Smallest and largest value allowed, for numbers.
    levels
        The only values allowed, for categories.
    future
        An instant that may lie after the end of the data, such as the planned end of a term.
    unit
        Unit of a number.
    meaning
        One line of plain English.
    """

    name: str
    kind: Kind
    required: bool = False
    reveals: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] = ()
    future: bool = False
    unit: str = ""
    meaning: str = ""

    @property
    def expected(self) -> str:
        """Say in words what a value must look like."""
        return {
            "id": "an identifier",
            "text": "text",
            "category": f"one of {', '.join(self.levels)}" if self.levels else "a category",
            "number": "a number",
            "flag": "true or false",
            "instant": "a date or time such as 2026-01-31 or 2026-01-31T09:30:00Z",
        }[self.kind]
