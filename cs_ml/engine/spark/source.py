"""Tables that Spark reads: Parquet, Delta, Iceberg, or a catalog."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pyarrow.parquet as pq

from cs_ml.engine.spark.session import FORMATS, told
from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import literal
from cs_ml.tables.wanted import split

__all__ = ["Place", "SparkSource"]


@dataclass(frozen=True)
class Place:
    """Where tables lie, and how they are written.

    Parameters
    ----------
    format
        ``parquet``, ``delta``, ``iceberg``, ``orc``; or ``table`` for tables of a catalog.
    base
        Folder or URL with a table in ``NAME`` or, of Parquet, ``NAME.parquet``; or name of a catalog's schema.

    Examples
    --------
    >>> Place.of("delta:s3a://lake/book").of_table("usage")
    's3a://lake/book/usage'
    >>> Place.of("table:main.book").of_table("usage")
    'main.book.usage'
    """

    format: str
    base: str

    def __str__(self) -> str:
        return f"{self.format}:{self.base}"

    @classmethod
    def of(cls, text: str) -> Place:
        """Read ``FORMAT:PLACE``.

        Raises
        ------
        TableError
            If the format is missing or unknown.
        """
        form, colon, base = text.partition(":")
        if not colon or form not in FORMATS or not base:
            expected = f"FORMAT:PLACE with a format among {', '.join(FORMATS)}"
            raise TableError(Fault("tables.spark", expected, repr(text), hint="such as parquet:s3a://bucket/book"))
        return cls(form, base.rstrip("/"))

    def of_table(self, name: str) -> str:
        """Return the path or the full name of one table; a full path, URL or name stands for itself."""
        if self.format == "table" or (self.format == "iceberg" and "/" not in self.base):
            return name if "." in name else f"{self.base}.{name}"
        return name if "://" in name or name.startswith("/") else f"{self.base}/{name}"


@dataclass(frozen=True)
class SparkSource:
    """Source tables that a Spark session reads; all but usage are small enough to be checked on the driver.

    Parameters
    ----------
    spark
        Session.
    place
        Where the tables lie.
    apart
        Tables that stay in Spark.
    """

    spark: Any
    place: Place
    apart: frozenset[str] = field(default=frozenset({"usage"}))

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,
    ) -> Raw | None:
        """Copy the wanted columns of table ``name`` to the driver and make them readable by DuckDB."""
        if name in self.apart or (frame := self.frame(name, mapping)) is None:
            return None
        where = self.place.of_table(mapping.source or name)
        target = spooled(f"{name}.parquet")
        with told(where, self.place.format):
            columns, others = split(frame.columns, wanted)
            pq.write_table(frame.select(*(f"`{column}`" for column in columns)).toArrow(), target)
        select = f"SELECT * FROM read_parquet({literal(target)})"  # noqa: S608  quoted
        return replace(describe(connection, name, select, where), others=others)

    def frame(self, name: str, mapping: TableMapping) -> Any | None:
        """Return table ``name`` as a Spark frame, as it stands; ``None`` where there is none.

        Raises
        ------
        TableError
            If Spark cannot read it, or the config names it and it is not there.
        """
        where = self.place.of_table(mapping.source or name)
        form = mapping.format or self.place.format
        with told(where, form):
            places = (where, f"{where}.parquet") if form == "parquet" else (where,)
            found = next((place for place in places if self._is_there(place, form)), None)
            if found is None and mapping.source is not None:
                raise TableError(Fault(where, "the table that the config names", "no such table"))
            if found is None:
                return None
            return self.spark.read.table(found) if form == "table" else self.spark.read.format(form).load(found)

    def _is_there(self, where: str, form: str) -> bool:
        """Ask before reading: a table that is absent is no error."""
        from pyspark.errors import AnalysisException  # noqa: PLC0415  an optional part

        if form == "table":
            return bool(self.spark.catalog.tableExists(where))
        try:
            self.spark.read.format("binaryFile" if "/" in where else form).load(where).schema  # noqa: B018  it looks
        except AnalysisException as error:
            if any(words in str(error) for words in ("PATH_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND")):
                return False
            raise
        return True
