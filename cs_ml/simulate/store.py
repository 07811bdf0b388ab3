"""Streams tables to Parquet files, block by block."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cs_ml.simulate.frames import Table

__all__ = ["Tables"]

ROWS = 131_072  # a row group is written when so many rows have come together


class Tables:
    """Parquet files of one folder, written piece by piece; they appear under their names only when complete.

    Parameters
    ----------
    folder
        Where the files go; made when missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Tables(Path(folder)) as tables:
    ...         tables.add("costs", {"amount": np.array([1.0, np.nan])})
    ...     pq.read_table(Path(folder, "costs.parquet")).num_rows
    2
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._writers: dict[str, Any] = {}
        self._waiting: dict[str, list[Any]] = {}
        self.rows: dict[str, int] = {}

    def add(self, name: str, columns: Table, keep: Any = None) -> None:
        """Append rows to a table.

        Parameters
        ----------
        name
            Table.
        columns
            Arrays of one length, the same columns and types in every call.
        keep
            Last account id that belongs to the world; rows of later ones are dropped. None keeps all.
        """
        piece = pa.table({column: _plain(values) for column, values in columns.items()})
        if keep is not None:
            piece = piece.filter(pa.compute.less_equal(piece["account_id"].cast(pa.string()), keep))
        self.rows[name] = self.rows.get(name, 0) + piece.num_rows
        waiting = self._waiting.setdefault(name, [])
        waiting.append(piece)
        if sum(part.num_rows for part in waiting) >= ROWS:
            self._flush(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._waiting if kind is None else ():
            self._flush(name)
        for name, writer in self._writers.items():
            writer.close()
            part = self._path(name, part=True)
            part.replace(self._path(name)) if kind is None else part.unlink()

    def _flush(self, name: str) -> None:
        if not (waiting := self._waiting.get(name)):
            return
        rows = pa.concat_tables(waiting).unify_dictionaries()
        self._waiting[name] = []
        if name not in self._writers:
            self._writers[name] = _writer(self._path(name, part=True), rows.schema)
        self._writers[name].write_table(rows, row_group_size=len(rows) or None)

    def _path(self, name: str, *, part: bool = False) -> Path:
        return self._folder / f"{name}.parquet{'.part' if part else ''}"


def _plain(values: Any) -> Any:
    """Column as Arrow array; NaN, NaT and None are null, objects are strings."""
    if not isinstance(values, np.ndarray):
        return values
    return pa.array(values, pa.string() if values.dtype == object else None, from_pandas=True)


def _writer(path: Path, schema: Any) -> Any:
    """Open a file that says string, not dictionary, and in which times compress well."""
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    others = [field.name for field in schema if field.name not in times]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=others,
        column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
        store_schema=False,
    )
