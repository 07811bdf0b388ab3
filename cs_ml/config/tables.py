"""The part of the config that says where the tables are and how they become canonical."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from cs_ml.config.fields import (
    FilePath,
    Flag,
    Number,
    Scalar,
    Section,
    Text,
    Wrong,
    Zone,
    doc,
    matching,
    nearest,
    refuse,
)
from cs_ml.config.own import OwnTableConfig
from cs_ml.errors import ConfigError, Fault
from cs_ml.tables.catalog import SCHEMAS
from cs_ml.tables.mapping import FILTERS, SHAPES, UNITS, ColumnSpec, Filter, TableMapping
from cs_ml.tables.schema import Schema
from cs_ml.tables.sources.remote import SCHEMES

__all__ = ["ColumnConfig", "FilterConfig", "TableConfig", "TablesConfig"]

_DUCKDB = (".duckdb", ".db")
_PLACES = ("folder", "duckdb", "postgres", "spark", "url")
_PLACE = "FORMAT:PLACE with a format among parquet, delta, iceberg, orc, table"
_URLS = ("postgresql://", "postgres://")


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError:
        refuse("a text encoding such as utf-8 or cp932")
    return value


def _unit(value: str) -> str:
    if value not in UNITS:
        refuse(f"one of {', '.join(UNITS)}")
    return value


def _one_of(section: Section, names: Iterable[str]) -> Iterator[Wrong]:
    """Yield a fault unless exactly one of the keys is given."""
    names = tuple(names)
    given = [name for name, value in section.model_dump(by_alias=True).items() if name in names and value is not None]
    if len(given) != 1:
        yield Wrong(tuple(given[1:2]), f"exactly one of {', '.join(names)}", " and ".join(given) or "none of them")


def _or_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Tell editors that a name alone will do; properties are only looked at in an object."""
    return {"type": ["object", "string"], "title": schema["title"]}


class ColumnConfig(Section):
    """Where one canonical column comes from: the name of a source column, or exactly one of the ways below."""

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(_or_text(schema)))

    column: Text | None = doc(None, "Column of the source.", "元テーブルの列名。")
    constant: Scalar | None = doc(None, "The same value for every row.", "全行に同じ値。")
    product: tuple[Text, Text] | None = doc(None, "Two columns multiplied.", "2つの列の積。")
    add_months: tuple[Text, Text | Number] | None = doc(
        None, "A date column, and months (a number or a column) added to it.", "日付列と、加える月数(数値または列)。"
    )
    add_days: tuple[Text, Text | Number] | None = doc(
        None, "A date column, and days (a number or a column) added to it.", "日付列と、加える日数(数値または列)。"
    )
    coalesce: tuple[Text, ...] | None = doc(
        None, "The first of several columns that has a value.", "値のある最初の列。", min_length=1
    )
    unit: Annotated[str, AfterValidator(_unit)] | None = doc(
        None, f"Unit of the source: {', '.join(UNITS)}.", "元データの単位。"
    )
    scale: Number | None = doc(None, "Factor the number is multiplied with.", "掛ける係数。")
    levels: dict[Scalar, Scalar] | None = doc(None, "Replacement of values.", "値の置き換え。")
    format: Text | None = doc(None, "How dates are written, as strptime has it.", "日付の書式(strptime)。")
    thousands: Literal[",", ".", "'", " "] | None = doc(
        None, "What separates thousands in numbers written as text.", "桁区切りの文字(文字列の数値)。"
    )
    when_before: Text | None = doc(
        None, "Keep the instant only where it lies before this column.", "この列より前の場合だけ残す。"
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    def contradictions(self) -> Iterable[Wrong]:
        """Exactly one way to make the column."""
        return _one_of(self, SHAPES)


class FilterConfig(Section):
    """A condition on one source column; rows that do not meet it are left out and counted."""

    column: Text = Field(
        description="Column of the source.", json_schema_extra={"description_ja": "元テーブルの列名。"}
    )
    equals: Scalar | None = doc(None, "The value itself.", "この値と等しい。")
    not_equals: Scalar | None = doc(None, "Any other value.", "この値と異なる。")
    in_: tuple[Scalar, ...] | None = doc(None, "One of these values.", "いずれかの値。", alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = doc(None, "None of these values.", "いずれの値でもない。", min_length=1)
    starts_with: Text | None = doc(None, "Text that begins so.", "この文字列で始まる。")
    not_starts_with: Text | None = doc(None, "Text that does not begin so.", "この文字列で始まらない。")
    above: Scalar | None = doc(None, "More than this.", "より大きい。")
    at_least: Scalar | None = doc(None, "This or more.", "以上。")
    below: Scalar | None = doc(None, "Less than this.", "より小さい。")
    at_most: Scalar | None = doc(None, "This or less.", "以下。")
    is_null: Flag | None = doc(None, "Whether the value is missing.", "欠損かどうか。")

    def contradictions(self) -> Iterable[Wrong]:
        """Exactly one condition."""
        return _one_of(self, FILTERS)


class TableConfig(Section):
    """How one source table is read; a column not named here is taken under its own name."""

    source: Text | None = doc(
        None, "File or table name; the canonical name by default.", "ファイル名またはテーブル名。"
    )
    format: Literal["parquet", "csv", "jsonl"] | None = doc(
        None, "File format; told from the ending by default.", "ファイル形式。既定では拡張子から判断。"
    )
    encoding: Annotated[Text, AfterValidator(_encoding)] = doc("utf-8", "Encoding of a text file.", "文字コード。")
    delimiter: Text | None = doc(None, "Separator of a CSV file; told from its first lines by default.", "区切り文字。")
    timezone: Zone = doc("UTC", "Zone of instants written without one.", "時間帯の書かれていない時刻の時間帯。")
    known_lag_days: Number = doc(
        0.0, "Days until we know of an event, where the source has no known_at.", "発生から判明までの日数。", ge=0
    )
    columns: dict[str, ColumnConfig] = doc({}, "Source of each canonical column.", "正規の列ごとの元の列。")
    where: tuple[FilterConfig, ...] = doc((), "Conditions a row must meet.", "行が満たすべき条件。")
    distinct: Flag = doc(
        False, "Read each different row of the mapped columns once.", "マッピングした列の重複行を1行にまとめる。"
    )

    def to_mapping_kwargs(self) -> dict[str, Any]:
        """Return plain values under the names that :class:`~cs_ml.tables.mapping.TableMapping` knows."""
        plain = self.model_dump(by_alias=True, exclude_none=True, exclude={"columns", "where"})
        columns = {name: spec.model_dump(exclude_none=True) for name, spec in self.columns.items()}
        where = [condition.model_dump(by_alias=True, exclude_none=True) for condition in self.where]
        return {**plain, "columns": columns, "where": where}

    def to_mapping(self) -> TableMapping:
        """Return what :func:`cs_ml.tables.open_tables` takes.

        Examples
        --------
        >>> TableConfig(columns={"account_id": "CustomerID"}).to_mapping().columns["account_id"].column
        'CustomerID'
        """
        plain = self.to_mapping_kwargs()
        columns = {name: ColumnSpec.of(_tuples(spec)) for name, spec in plain.pop("columns").items()}
        where = tuple(Filter.of(_tuples(condition)) for condition in plain.pop("where"))
        return TableMapping(**plain, columns=columns, where=where)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


class TablesConfig(Section):
    """Where the tables are: a folder, a DuckDB file or a PostgreSQL database."""

    folder: FilePath | None = doc(
        None, "Folder with one file a table (Parquet, CSV, JSON lines).", "テーブルごとに1ファイルを置いたフォルダー。"
    )
    duckdb: FilePath | None = doc(None, "DuckDB file instead of a folder.", "フォルダーの代わりのDuckDBファイル。")
    postgres: Text | None = doc(
        None,
        "Name of an environment variable that holds a PostgreSQL URL, or the URL.",
        "PostgreSQLのURLを持つ環境変数の名前、またはURL。",
    )
    url: Annotated[Text, matching(f"({'|'.join(SCHEMES)})://.+", "a URL such as s3://bucket/tables")] | None = doc(
        None, "URL of a folder of Parquet files, such as s3://bucket/tables.", "ParquetのフォルダーのURL(s3://など)。"
    )
    spark: Annotated[str, matching("(parquet|delta|iceberg|orc|table):.+", _PLACE)] | None = doc(
        None,
        "Tables that Spark reads, such as parquet:s3a://bucket/book or table:catalog.schema.",
        "Sparkが読むテーブル(例: parquet:s3a://bucket/book、table:catalog.schema)。",
    )
    max_rejected_share: Number = doc(
        0.01, "Share of a table's rows that may break a rule.", "規則に反してよい行の割合。", ge=0, le=1
    )
    own: dict[Text, OwnTableConfig] = doc(
        {}, "Tables of your own beside those of the catalog, by a name of your choice.", "独自のテーブル。名前は自由。"
    )
    map: dict[str, TableConfig] = doc({}, "How each table is read, by its canonical name.", "正規の名前ごとの読み方。")

    def contradictions(self) -> Iterable[Wrong]:
        """One place at most; known tables and columns only."""
        if len(self._given) > 1:
            yield Wrong((self._given[1],), f"exactly one of {', '.join(_PLACES)}", " and ".join(self._given))
        if self.duckdb is not None and self.duckdb.suffix not in _DUCKDB:
            yield Wrong(("duckdb",), f"a file ending in {' or '.join(_DUCKDB)}", repr(self.duckdb.name))
        wrong = [fault for name, table in self.own.items() for fault in table.wrong(name)]
        yield from wrong
        schemas = SCHEMAS if wrong else {**SCHEMAS, **{schema.name: schema for schema in self.schemas()}}
        for name, table in self.map.items():
            if name not in schemas and name not in self.own:
                hint = nearest(name, schemas) or "declare it under tables.own if it is one of your own"
                yield Wrong(("map", name), f"one of {', '.join(schemas)}", repr(name), hint)
            elif name in schemas and not schemas[name].extras:
                yield from _unknown_columns(schemas[name], table)

    @property
    def _given(self) -> list[str]:
        return [name for name in _PLACES if getattr(self, name) is not None]

    @property
    def is_given(self) -> bool:
        """Whether the config says where the tables are."""
        return bool(self._given)

    def location(self) -> str:
        """Return the folder, file or URL that :func:`cs_ml.tables.open_tables` takes.

        Raises
        ------
        ConfigError
            When the config names no place, or an environment variable that is not set.
        """
        if not self.is_given:
            raise ConfigError(Fault("tables", f"one of {', '.join(_PLACES)}", "none of them"))
        if self.spark is not None:
            return self.spark
        if self.postgres is None:
            return self.url or str(self.folder or self.duckdb)
        if self.postgres.startswith(_URLS):
            return self.postgres
        url = os.environ.get(self.postgres, "")
        if not url.startswith(_URLS):
            found = "something else" if url else "nothing"
            raise ConfigError(Fault(f"environment variable {self.postgres}", "a URL postgresql://...", found))
        return url

    def schemas(self) -> tuple[Schema, ...]:
        """Return the tables that the config declares."""
        return tuple(table.schema_of(name) for name, table in self.own.items())

    def mappings(self) -> dict[str, TableMapping]:
        """Return how each table is read, by canonical name."""
        return {name: table.to_mapping() for name, table in self.map.items()}


def _unknown_columns(schema: Schema, table: TableConfig) -> Iterator[Wrong]:
    known = schema.names
    for column in table.columns:
        if column not in known:
            place = ("map", schema.name, "columns", column)
            yield Wrong(place, f"one of {', '.join(known)}", repr(column), nearest(column, known))
