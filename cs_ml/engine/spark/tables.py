"""A book whose usage stays in Spark: checked where it lies, everything else checked on the driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cs_ml.engine.spark.rows import ACCOUNTS, RAW, Judge, ddl, goods, judged, newest_day
from cs_ml.engine.spark.session import told
from cs_ml.engine.spark.source import Place, SparkSource
from cs_ml.engine.usage_counted import KEYS
from cs_ml.errors import Fault, TableError
from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.check import BROKEN, Check, check
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.open import connect
from cs_ml.tables.prepare import Prepared, prepare
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import identifier
from cs_ml.tables.tables import Loaded, Tables

__all__ = ["SparkTables", "SparkUsage", "check_spark_tables", "open_spark_tables", "usage_of"]

VIEW = "cs_ml_usage"
WORDS = (
    "epoch_us(moment TIMESTAMP_NTZ) RETURNS BIGINT RETURN unix_micros(CAST(moment AS TIMESTAMP_LTZ))",
    "timezone(zone STRING, moment TIMESTAMP_NTZ) RETURNS TIMESTAMP_NTZ RETURN convert_timezone('UTC', zone, moment)",
)
NAIVE = {"spark.sql.session.timeZone": "UTC", "spark.sql.timestampType": "TIMESTAMP_NTZ"}
CANONICAL = {**KEYS, "quantity": pa.float64(), "active_users": pa.float64()}
ELSEWHERE = '"usage stays in Spark, and only features are made of it there"'


@dataclass(frozen=True)
class SparkUsage:
    """Usage as Spark reads it.

    Parameters
    ----------
    frame
        Spark frame with the source's columns.
    judge
        What makes its rows canonical and leaves rejected ones out; ``None`` where they are good as they stand.
    """

    frame: Any
    judge: Judge | None = None

    def good(self, columns: Sequence[str]) -> Any:
        """Return some canonical columns of the good rows as a Spark frame."""
        if self.judge is None:
            return self.frame.select(*columns)
        schema = pa.schema([(name, CANONICAL[name]) for name in columns])
        return self.frame.mapInArrow(goods(self.judge, schema), ddl(schema))


@dataclass(frozen=True)
class SparkTables(Tables):
    """Checked tables of which usage stays in Spark; made by :func:`open_spark_tables`.

    Parameters
    ----------
    usage
        Where usage is.
    """

    usage: SparkUsage | None = None

    def query(self, sql: str) -> pd.DataFrame:
        """Run SQL in which ``{name}`` stands for a table's good rows; where it asks for usage, Spark answers."""
        if self.usage is None or "{usage}" not in sql:
            return super().query(sql)
        session, columns = self.usage.frame.sparkSession, list(self.columns("usage"))
        with told("usage"), _spoken(session):
            self.usage.good(columns).createOrReplaceTempView(VIEW)
            found: pd.DataFrame = session.sql(sql.format(usage=VIEW)).toArrow().to_pandas()
        return found


@contextmanager
def _spoken(session: Any) -> Iterator[None]:
    """Let a session understand DuckDB's words for instants: naive, and meaning UTC."""
    before = {name: session.conf.get(name) for name in NAIVE}
    for name, value in NAIVE.items():
        session.conf.set(name, value)
    try:
        for words in WORDS:
            session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {words}")
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, value)


def check_spark_tables(
    spark: Any, place: Place | str, mappings: Mapping[str, TableMapping] | None = None, **options: Any
) -> Check:
    """Sort the rows of source tables that Spark reads into good and rejected ones.

    Usage, the one big table, is judged by the executors and never passes the driver; all other tables do.

    Parameters
    ----------
    spark
        Session.
    place
        Such as ``parquet:s3a://lake/book``, ``delta:/mnt/book``, ``iceberg:catalog.book`` or ``table:main.book``.
    mappings
        How each table is read, by canonical name; ``format`` is a format of Spark.
    **options
        As for :func:`cs_ml.tables.check`.

    Returns
    -------
    Check
        Rejected rows of usage are counted, not kept.

    Raises
    ------
    TableError
        If a table cannot be read, the jar of its format is missing, or there are no contracts.
    """
    source = SparkSource(spark, place if isinstance(place, Place) else Place.of(place))
    others = {name: mapping for name, mapping in (mappings or {}).items() if name != "usage"}
    found = check(source, others, **{"connection": connect(), **options})
    mapping = (mappings or {}).get("usage", TableMapping())
    parts = {part.name: getattr(found.tables, part.name) for part in fields(Tables)}
    if (frame := source.frame("usage", mapping)) is None:
        return replace(found, tables=SparkTables(**parts))
    end = options.get("data_end")
    limit = pd.Timestamp.now().ceil("D") if end is None else pd.Timestamp(end)
    usage, loaded, broken, newest = _judged(frame, source, mapping, found.tables, limit)
    parts["loaded"] = {**found.tables.loaded, "usage": loaded}
    parts["data_end"] = max(filter(None, (found.tables.data_end, newest))) if end is None else limit
    rules = [rule for rule in (found.broken, broken) if len(rule)]
    both = pd.concat(rules, ignore_index=True) if rules else found.broken
    return replace(found, tables=SparkTables(**parts, usage=usage), broken=both)


def open_spark_tables(
    spark: Any, place: Place | str, mappings: Mapping[str, TableMapping] | None = None, **options: Any
) -> SparkTables:
    """Open the source tables of a book with Spark and check them on the way in.

    Parameters
    ----------
    spark, place, mappings, **options
        As for :func:`check_spark_tables`.

    Returns
    -------
    SparkTables

    Raises
    ------
    TableError
        As there, and if too many rows of a table break a rule; all faults at once.
    """
    checked = check_spark_tables(spark, place, mappings, **options)
    if checked.faults:
        raise TableError(checked.faults)
    tables: SparkTables = checked.tables  # type: ignore[assignment]
    return tables


def _judged(
    frame: Any, source: SparkSource, mapping: TableMapping, tables: Tables, limit: pd.Timestamp
) -> tuple[SparkUsage, Loaded, pd.DataFrame, pd.Timestamp | None]:
    """Count good and rejected rows on the executors; return them with the rules that were broken."""
    where = source.place.of_table(mapping.source or "usage")
    judge = Judge(_prepared(frame, where, mapping, limit), tables.accounts().tolist(), limit.isoformat())
    with told(where):
        counts = [row["counts"] for row in frame.mapInArrow(judged(judge), "counts array<bigint>").collect()]
    if not counts or not sum(row[1] for row in counts):
        left = sum(row[0] for row in counts)
        found = f"none after `where` left out {left:,} rows" if left else "none"
        raise TableError(Fault("usage", f"at least one row in {where}", found, hint="remove it if there is no usage"))
    whole, total, rejected, *each = (sum(column) for column in zip(*(row[:-1] for row in counts), strict=True))
    newest = max((row[-1] for row in counts if row[-1] is not None), default=None)
    columns, rules = judge.prepared.columns, judge.prepared.rules
    broken = [
        ("usage", rule.column, rule.name, rule.expected, rows, rows / total, "", rule.hint)
        for rule, rows in zip(rules, each, strict=True)
        if rows
    ]
    loaded = Loaded(SCHEMAS["usage"], ELSEWHERE, columns, total - rejected, rejected, whole - total)
    return SparkUsage(frame, judge), loaded, pd.DataFrame(broken, columns=BROKEN), newest_day(newest)


def _prepared(frame: Any, where: str, mapping: TableMapping, limit: pd.Timestamp) -> Prepared:
    """Return what makes a Spark frame's rows canonical: DuckDB learns its types from a frame without rows."""
    with told(where):
        nothing = frame.limit(0).toArrow()
    connection = duckdb.connect()
    connection.register("nothing", nothing)
    types = describe(connection, "usage", "SELECT * FROM nothing", where).types
    raw = Raw(identifier(RAW), types, where)
    return prepare(SCHEMAS["usage"], raw, mapping, accounts=identifier(ACCOUNTS), data_end=limit.isoformat())


def usage_of(spark: Any, tables: Tables, columns: list[str]) -> SparkUsage:
    """Return usage as Spark reads it: where it lies, or from files that the driver checked or wrote.

    Files of the driver are read by executors that see its disk, as those of a local master do.
    """
    if isinstance(tables, SparkTables) and tables.usage is not None:
        return tables.usage
    table = tables.loaded["usage"]
    plain = [str(path.absolute()) for path in table.files if all(name in table.renamed for name in columns)]
    if plain and not any("[ns" in str(kind) for path in plain for kind in pq.read_schema(path).types):
        with told("usage", "parquet"):
            read = spark.read.parquet(*plain)
        return SparkUsage(read.select(*(read[f"`{table.renamed[name]}`"].alias(name) for name in columns)))
    with told("usage", "parquet"):
        return SparkUsage(spark.read.parquet(str(_written(tables, columns))))


def _written(tables: Tables, columns: list[str]) -> Path:
    """Write usage to a file that Spark can read: no dictionaries, no nanoseconds."""
    target, schema = spooled("usage.parquet"), pa.schema([(name, CANONICAL[name]) for name in columns])
    with pq.ParquetWriter(target, schema) as writer:
        for batch in tables.batches("usage", columns):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema, safe=False))
    return target
