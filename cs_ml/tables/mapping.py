"""How a user's own table becomes a canonical one: names, units, constants, time zones, filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cs_ml.errors import ConfigError, Fault

__all__ = ["ColumnSpec", "Filter", "TableMapping"]

UNITS = {"percent": 0.01, "per_quarter": 1 / 3, "per_year": 1 / 12, "thousands": 1e3, "millions": 1e6}
SHAPES = ("column", "constant", "product", "add_months", "add_days", "coalesce")
SEPARATORS = (",", ".", "'", " ")
FILTERS = (
    "equals", "not_equals", "in", "not_in", "starts_with", "not_starts_with",
    "above", "at_least", "below", "at_most", "is_null",
)  # fmt: skip


@dataclass(frozen=True)
class ColumnSpec:
    """Where one canonical column comes from; exactly one of the first six says how.

    Parameters
    ----------
    column
        Column of the source.
    constant
        The same value for every row.
    product
        Two columns multiplied.
    add_months, add_days
        A date column and a number (or a column of numbers) added to it.
    coalesce
        The first of several columns that has a value.
    scale
        Factor the number is multiplied with.
    unit
        Unit of the source: ``percent``, ``per_quarter``, ``per_year``, ``thousands``, ``millions``.
    levels
        Replacement of values, for example ``{"gold": 3}``.
    format
        ``strptime`` format of dates written in another way.
    thousands
        What separates thousands in numbers written as text, one of ``, . ' `` and a blank; decimals follow a point,
        or a comma where that separates no thousands. Digits of full width, a currency sign and 円 are understood.
    when_before
        Keep the instant only where it lies before this canonical column.

    Examples
    --------
    >>> ColumnSpec.of("CustomerID").column
    'CustomerID'
    >>> ColumnSpec.of({"product": ["Quantity", "UnitPrice"]}).product
    ('Quantity', 'UnitPrice')
    """

    column: str | None = None
    constant: Any = None
    product: tuple[str, ...] = ()
    add_months: tuple[str | float, ...] = ()
    add_days: tuple[str | float, ...] = ()
    coalesce: tuple[str, ...] = ()
    scale: float = 1.0
    unit: str | None = None
    levels: Mapping[Any, Any] = field(default_factory=dict)
    format: str | None = None
    thousands: str | None = None
    when_before: str | None = None

    @classmethod
    def of(cls, value: str | Mapping[str, Any]) -> ColumnSpec:
        """Read a spec from a column name or a mapping.

        Raises
        ------
        ConfigError
            If the mapping has not exactly one source, or a key or unit that does not exist.
        """
        if isinstance(value, str):
            return cls(column=value)
        known = {item.name for item in fields(cls)}
        chosen = [name for name in SHAPES if value.get(name) is not None]
        unknown = sorted(set(value) - known)
        if unknown or len(chosen) != 1:
            raise ConfigError(Fault("column mapping", f"exactly one of {', '.join(SHAPES)}", repr(dict(value))))
        if value.get("unit") is not None and value["unit"] not in UNITS:
            raise ConfigError(Fault("column mapping", f"unit one of {', '.join(UNITS)}", repr(value["unit"])))
        if value.get("thousands") is not None and value["thousands"] not in SEPARATORS:
            raise ConfigError(Fault("column mapping", f"thousands one of {SEPARATORS}", repr(value["thousands"])))
        plain: dict[str, Any] = {
            key: tuple(item) if isinstance(item, list) else item for key, item in value.items() if item is not None
        }
        return cls(**plain)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the source columns that are read."""
        listed = [self.column, *self.product, *self.add_months, *self.add_days, *self.coalesce]
        return tuple(name for name in listed if isinstance(name, str))

    @property
    def factor(self) -> float:
        """Number the value is multiplied with: scale times unit."""
        return self.scale * UNITS.get(self.unit or "", 1.0)


@dataclass(frozen=True)
class Filter:
    """A condition on one source column; rows that do not meet it are left out and counted.

    Examples
    --------
    >>> Filter.of({"column": "InvoiceNo", "not_starts_with": "C"})
    Filter(column='InvoiceNo', condition='not_starts_with', value='C')
    """

    column: str
    condition: str
    value: Any

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Filter:
        """Read a filter from a mapping with ``column`` and exactly one condition.

        Raises
        ------
        ConfigError
            If there is no column, no condition, or more than one.
        """
        given = [name for name in FILTERS if value.get(name) is not None]
        if "column" not in value or len(given) != 1 or set(value) - {"column", *FILTERS}:
            raise ConfigError(Fault("where", f"column and exactly one of {', '.join(FILTERS)}", repr(dict(value))))
        condition = value[given[0]]
        return cls(value["column"], given[0], tuple(condition) if isinstance(condition, list) else condition)


@dataclass(frozen=True)
class TableMapping:
    """How one source table is read.

    Parameters
    ----------
    source
        File or table name; the canonical name where missing.
    format
        ``parquet``, ``csv`` or ``jsonl``; told from the ending where missing.
    encoding
        Encoding of a text file, such as ``cp932`` for Shift_JIS.
    delimiter
        Separator of a CSV file; told from its first lines where missing.
    timezone
        IANA zone of instants written without one.
    known_lag_days
        Days between an event and the moment we could have known it, where the source has no ``known_at``.
    columns
        Source of each canonical column; a column not named here is taken under its own name.
    where
        Conditions a row must meet.
    distinct
        Read each different row once, of the mapped columns alone: to take accounts out of a table of events.
    """

    source: str | None = None
    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    timezone: str = "UTC"
    known_lag_days: float = 0.0
    columns: Mapping[str, ColumnSpec] = field(default_factory=dict)
    where: tuple[Filter, ...] = ()
    distinct: bool = False
