"""Parquet files as batches that several threads can decode side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["RowGroup", "parquet_batches"]

ROWS = 1 << 17
BYTES_A_CODE = 4


def parquet_batches(
    files: Sequence[Path | str], columns: Mapping[str, str] | Sequence[str], *, rows: int = ROWS
) -> Iterator[RowGroup]:
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
            yield RowGroup(path, group, metadata, names, rows)


@dataclass(frozen=True)
class RowGroup:
    """Decodes a row group when called.

    Parameters
    ----------
    path, group, metadata
        File, position of the row group in it, and its footer.
    names
        Canonical name by name in the file.
    rows
        Rows of one batch, at most.
    """

    path: Path | str
    group: int
    metadata: pq.FileMetaData
    names: Mapping[str, str]
    rows: int

    @property
    def n_rows(self) -> int:
        """Rows of the whole file: what is to be expected besides this group."""
        return int(self.metadata.num_rows)

    def __call__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of the row group."""
        names, compact = self.names, _held_as_dictionary(self.metadata.row_group(self.group)) & self.names.keys()
        with pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=sorted(compact)) as file:
            for batch in file.iter_batches(self.rows, row_groups=[self.group], columns=list(names), use_threads=False):
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
