"""Parquet files read directly: the columns asked for, and no row group that its statistics rule out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cs_ml.tables.sources.raw import readable

__all__ = ["Range", "parquet_batches"]

Range = tuple[Any, Any]  # lowest and highest value, None where there is no bound


def parquet_batches(
    files: Sequence[Path],
    renamed: Mapping[str, str],
    columns: Sequence[str],
    rows: int,
    within: Mapping[str, Range] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield columns of files that hold them as they stand; strings come as dictionaries.

    Parameters
    ----------
    files
        Files with the same columns.
    renamed
        Column in the files of each canonical column.
    columns
        Canonical columns to read.
    rows
        Rows of one batch, at most.
    within
        Lowest and highest value that is asked for, by column of the files; row groups that lie beside it are not read.
    """
    source = [renamed[column] for column in columns]
    for path in files:
        with readable(str(path)), pq.ParquetFile(path, memory_map=True) as plain:
            groups = [
                group
                for group in range(plain.num_row_groups)
                if _may_hold(plain.metadata.row_group(group), within or {})
            ]
            strings = [name for name in source if _is_text(plain.schema_arrow.field(name).type)]
            metadata = plain.metadata
        with (
            readable(str(path)),
            pq.ParquetFile(path, metadata=metadata, read_dictionary=strings, memory_map=True) as file,
        ):
            for batch in file.iter_batches(rows, columns=source, row_groups=groups) if groups else ():
                yield batch.select(source).rename_columns(list(columns))


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _may_hold(group: pq.RowGroupMetaData, within: Mapping[str, Range]) -> bool:
    """Tell whether a row group may hold a row in which every column lies within its range."""
    for place in range(group.num_columns if within else 0):
        column = group.column(place)
        low, high = within.get(column.path_in_schema, (None, None))
        if column.statistics is not None and column.statistics.has_min_max:
            if low is not None and column.statistics.max < low:
                return False
            if high is not None and column.statistics.min > high:
                return False
    return True
