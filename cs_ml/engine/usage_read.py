"""Parquet files as batches that several threads can decode side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["parquet_batches"]

ROWS = 1 << 17
BYTES_A_CODE = 4


def parquet_batches(
    files: Sequence[Path | str], columns: Mapping[str, str] | Sequence[str], *, rows: int = ROWS
) -> Iterator[Callable[[], Iterator[pa.RecordBatch]]]:
    """Yield a function a row group that decodes it, for :func:`~cs_ml.engine.usage_reduce.reduce_usage`.

    A column comes as a dictionary where the file holds it wholly as one: that is the quickest to decode and to code.
    Where the writer gave the dictionary up (ids of many users), it comes as it is.

    Parameters
    ----------
    files
        Parquet files with the same columns.
    columns
        Columns to read, or canonical name by name in the files.
    rows
        Rows of one batch, at most.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "usage.parquet"
    >>> pq.write_table(pa.table({"account": ["a", "a"], "n": [1, 2]}), path, row_group_size=1)
    >>> [batch.to_pydict() for read in parquet_batches([path], {"account": "account_id"}) for batch in read()]
    [{'account_id': ['a']}, {'account_id': ['a']}]
    """
    names = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
    for path in files:
        metadata = pq.read_metadata(path)
        for group in range(metadata.num_row_groups):
            yield partial(_decoded, path, group, metadata, names, rows)


def _decoded(
    path: Path | str, group: int, metadata: pq.FileMetaData, names: Mapping[str, str], rows: int
) -> Iterator[pa.RecordBatch]:
    compact = _held_as_dictionary(metadata.row_group(group)) & names.keys()
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=sorted(compact), memory_map=False) as file:
        for batch in file.iter_batches(rows, row_groups=[group], columns=list(names), use_threads=False):
            yield batch.rename_columns([names[name] for name in batch.schema.names])


def _held_as_dictionary(group: pq.RowGroupMetaData) -> set[str]:
    """Return the text columns that take few bytes a row: those whose writer did not give the dictionary up."""
    chunks = [group.column(position) for position in range(group.num_columns)]
    return {
        chunk.path_in_schema
        for chunk in chunks
        if chunk.physical_type == "BYTE_ARRAY"
        and chunk.has_dictionary_page
        and chunk.total_uncompressed_size <= BYTES_A_CODE * chunk.num_values
    }
