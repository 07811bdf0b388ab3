"""Parquet read by row group: the same rows, dictionaries where the file is compact."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cs_ml.engine.usage_read import parquet_batches


@pytest.fixture
def files(tmp_path):
    table = pa.table(
        {"account": ["a", "b", "a", "c"] * 500, "who": [f"user {n}" for n in range(2000)], "n": range(2000)}
    )
    for number in range(2):
        pq.write_table(table, tmp_path / f"{number}.parquet", row_group_size=600)
    return table, [tmp_path / "0.parquet", tmp_path / "1.parquet"]


def test_all_rows_come_once_in_their_columns(files):
    table, paths = files
    readers = list(parquet_batches(paths, {"n": "count", "account": "account_id"}, rows=100))
    assert len(readers) == 2 * 4
    batches = [batch for read in readers for batch in read()]
    assert max(batch.num_rows for batch in batches) == 100
    assert [n for batch in batches for n in batch["count"].to_pylist()] == table["n"].to_pylist() * 2
    assert [name for batch in batches for name in batch["account_id"].to_pylist()] == table["account"].to_pylist() * 2


def test_only_few_bytes_a_row_come_as_dictionary(files):
    _, paths = files
    batch = next(next(parquet_batches(paths, ["account", "who"]))())
    assert pa.types.is_dictionary(batch["account"].type)
    assert pa.types.is_string(batch["who"].type)
