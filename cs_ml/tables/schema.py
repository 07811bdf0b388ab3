"""What one source table holds: its columns, its key, and the moments that make it point-in-time."""

from __future__ import annotations

from dataclasses import dataclass

from cs_ml.tables.column import Column

__all__ = ["Schema"]


@dataclass(frozen=True)
class Schema:
    """Columns, key, moments and rules of one source table.

    Parameters
    ----------
    name
        Canonical name of the table.
    columns
        Every column the package knows; a user's own may stand beside them.
    key
        Columns that identify a row; empty where rows have no identity.
    appears
        Instants at which a row can first be known, first one present counts. Empty: known from the start.
    before
        Pairs of columns ``(earlier, later)``: the first must not lie after the second.
    strictly_before
        The same, but the two must not be equal either.
    extras
        Whether columns beyond the catalog are kept.
    big
        Whether the table may be larger than memory; such a table is only ever streamed.
    own
        Whether a user declared it.
    meaning
        One line of plain English.

    Examples
    --------
    >>> from cs_ml.tables.catalog import SCHEMAS
    >>> SCHEMAS["contracts"].key
    ('contract_line_id',)
    >>> SCHEMAS["contracts"].column("cancelled_at").reveals
    ('cancel_requested_at', 'cancelled_at')
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    appears: tuple[str, ...] = ()
    before: tuple[tuple[str, str], ...] = ()
    strictly_before: tuple[tuple[str, str], ...] = ()
    extras: bool = False
    big: bool = False
    own: bool = False
    meaning: str = ""

    def column(self, name: str) -> Column:
        """Return one column; a column beyond the catalog is a category."""
        return next((column for column in self.columns if column.name == name), Column(name, "category"))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all catalogued columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which the table cannot be used."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def time_stamped(self) -> bool:
        """Whether rows carry the moment at which they were known."""
        return "known_at" in self.names
