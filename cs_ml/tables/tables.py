"""The checked source tables of one book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from cs_ml.errors import Fault, TableError
from cs_ml.tables.schema import Schema
from cs_ml.tables.sources.parquet import Range, parquet_batches
from cs_ml.tables.sources.raw import readable
from cs_ml.tables.sql import identifier, literal

__all__ = ["Loaded", "Tables"]

BATCH_ROWS = 1 << 18


@dataclass(frozen=True)
class Loaded:
    """One checked table.

    Parameters
    ----------
    schema
        What it holds.
    relation
        DuckDB relation with the good rows under canonical names.
    columns
        Canonical columns that are present.
    n_rows
        Good rows.
    n_rejected
        Rows that broke a rule.
    n_left_out
        Rows that the config's ``where`` left out.
    files
        Parquet files that hold exactly the good rows, where there are such.
    renamed
        Column in those files of each canonical column.
    levels
        Values that occur in each column whose values the catalog lists, such as the kinds of surveys.
    """

    schema: Schema
    relation: str
    columns: tuple[str, ...]
    n_rows: int
    n_rejected: int = 0
    n_left_out: int = 0
    files: tuple[Path, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tables:
    """The checked source tables of one book; made by :func:`cs_ml.open_tables`.

    Parameters
    ----------
    connection
        DuckDB connection that holds them.
    loaded
        Tables by canonical name. A table that is not there is absent, never empty.
    data_end
        Midnight (book's zone) at which the data end; nothing later is known.
    zone
        Time zone of the book.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> accounts = pd.DataFrame({"account_id": ["a"]})
    >>> terms = {"contract_line_id": ["c"], "account_id": ["a"], "start_at": ["2026-01-01"], "mrr": [10]}
    >>> tables = open_tables({"accounts": accounts, "contracts": pd.DataFrame(terms)})
    >>> tables.names, "usage" in tables, tables.columns("contracts")[-1]
    (('accounts', 'contracts'), False, 'known_at')
    """

    connection: duckdb.DuckDBPyConnection
    loaded: Mapping[str, Loaded]
    data_end: pd.Timestamp
    zone: str = "UTC"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables that are present."""
        return tuple(self.loaded)

    def __contains__(self, name: object) -> bool:
        return name in self.loaded

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the canonical columns of a table; none where it is absent."""
        return self.loaded[name].columns if name in self.loaded else ()

    def may_hold(self, name: str, column: str, level: str) -> bool:
        """Tell whether a table may hold rows with a level of a column: false where no row has it, nor ever had."""
        return name in self.loaded and level in self.loaded[name].levels.get(column, (level,))

    def accounts(self) -> np.ndarray:
        """Return all account ids, sorted, each once."""
        rows = self.query("SELECT DISTINCT account_id FROM {accounts} ORDER BY account_id")
        return np.asarray(rows["account_id"], dtype=object)

    def query(self, sql: str) -> pd.DataFrame:
        """Run SQL in which ``{name}`` stands for a table's good rows.

        Parameters
        ----------
        sql
            Trusted SQL text.

        Returns
        -------
        pandas.DataFrame
        """
        relations = {name: table.relation for name, table in self.loaded.items()}
        with readable("the source tables", "correct the query, or write the files again"):
            result: pd.DataFrame = self.connection.cursor().sql(sql.format(**relations)).to_arrow_table().to_pandas()
        return result

    def frame(self, name: str, accounts: Sequence[str] | np.ndarray | None = None) -> pd.DataFrame:
        """Return the good rows of a table in an order that does not depend on the source's order.

        Parameters
        ----------
        name
            Canonical name.
        accounts
            Only rows of these accounts.

        Raises
        ------
        TableError
            If the table is absent.
        """
        if name not in self.loaded:
            present = ", ".join(self.names)
            raise TableError(Fault(name, "a source table of that name", f"only {present}", hint="add it to the source"))
        table = self.loaded[name]
        listed = ", ".join(identifier(column) for column in table.columns)
        cursor = self.connection.cursor()
        where = ""
        if accounts is not None:
            cursor.register("wanted", pa.table({"account_id": pa.array(list(accounts), pa.string())}))
            where = "WHERE account_id IN (SELECT account_id FROM wanted)"
        first = [column for column in ("account_id", *table.schema.appears) if column in table.columns]
        order = ", ".join(identifier(column) for column in dict.fromkeys((*first, *table.columns)))
        text = f"SELECT {listed} FROM {table.relation} {where} ORDER BY {order}"
        with readable(name):
            frame: pd.DataFrame = cursor.sql(text).to_arrow_table().to_pandas()
        return frame

    def batches(
        self,
        name: str,
        columns: Sequence[str],
        *,
        rows: int = BATCH_ROWS,
        until: pd.Timestamp | None = None,
        accounts: tuple[str, str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Stream the good rows of a table as Arrow batches, in no particular order.

        Strings come as dictionaries where the source stores them so.

        Parameters
        ----------
        name
            Canonical name.
        columns
            Canonical columns; those that are absent are left out.
        rows
            Rows of one batch, at most.
        until
            UTC instant; what happened later need not be read, though some of it may come.
        accounts
            First and last account; rows of others need not be read, though some of them may come.
        """
        table = self.loaded[name]
        present = [column for column in columns if column in table.columns]
        if table.files and all(column in table.renamed for column in present):
            within = {table.renamed[column]: ends for column, ends in _within(table, until, accounts).items()}
            yield from parquet_batches(table.files, table.renamed, present, rows, within)
            return
        listed = ", ".join(identifier(column) for column in present)
        where = " AND ".join(
            f"{identifier(column)} {sign} {literal(end)}"
            for column, ends in _within(table, until, accounts).items()
            for sign, end in zip((">=", "<="), ends, strict=True)
            if end is not None
        )
        text = f"SELECT {listed} FROM {table.relation} WHERE {where or 'TRUE'}"
        with readable(name):
            yield from self.connection.cursor().sql(text).to_arrow_reader(rows)

    def replaced(self, frames: Mapping[str, pd.DataFrame]) -> Tables:
        """Return tables with other rows under the same columns, unchecked and in memory of their own.

        Parameters
        ----------
        frames
            Canonical rows by table name; tables not named here are not in the result.
        """
        connection = duckdb.connect()
        loaded = {}
        for name, frame in frames.items():
            old = self.loaded[name]
            typed = self.connection.cursor().sql(f"SELECT * FROM {old.relation} LIMIT 0").to_arrow_table().schema
            arrow = pa.Table.from_pandas(frame[list(old.columns)], schema=typed, preserve_index=False)
            connection.register("registered", arrow)
            connection.execute(f"CREATE TABLE {old.relation} AS SELECT * FROM registered")
            connection.unregister("registered")
            loaded[name] = Loaded(old.schema, old.relation, old.columns, len(frame), levels=old.levels)
        return Tables(connection, loaded, self.data_end, self.zone)

    def summary(self) -> pd.DataFrame:
        """Return what was read: rows, rejected rows, rows left out, absent columns, by table."""
        rows = []
        for name, table in self.loaded.items():
            absent = [column for column in table.schema.names if column not in table.columns]
            rows.append((name, table.n_rows, table.n_rejected, table.n_left_out, ", ".join(absent)))
        return pd.DataFrame(rows, columns=["table", "rows", "rejected", "left_out", "absent_columns"]).set_index(
            "table"
        )

    def not_point_in_time(self) -> tuple[str, ...]:
        """Return the attributes that are used as they stand today because nothing says when they changed."""
        if "valid_from" in self.columns("accounts"):
            return ()
        fixed = {"account_id", "name", "created_at", "known_at"}
        return tuple(f"accounts.{column}" for column in self.columns("accounts") if column not in fixed)


def _within(table: Loaded, until: pd.Timestamp | None, accounts: tuple[str, str] | None) -> Mapping[str, Range]:
    """Return what must be read, as the lowest and highest value of columns that every row has."""
    happened = [name for name in table.schema.appears[:1] if name in table.schema.required and name in table.columns]
    ranges: dict[str, Range] = {} if until is None else dict.fromkeys(happened, (None, until))
    if accounts is not None and "account_id" in table.columns:
        ranges["account_id"] = accounts
    return ranges
