"""Parquet files behind a URL: the same tables, no more columns than needed, no secret in a message."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from cs_ml.config import Config
from cs_ml.errors import StorageError, TableError
from cs_ml.tables import Filter, TableMapping, open_tables, require
from cs_ml.tables.open import connect
from cs_ml.tables.sources.remote import RemoteSource


@pytest.fixture
def folder(tmp_path):
    pq.write_table(pa.table({"account_id": ["a", "b"], "name": ["あおい", None]}), tmp_path / "accounts.parquet")
    for month in ("01", "02"):
        place = tmp_path / "usage" / f"month=2026-{month}"
        place.mkdir(parents=True)
        at = pd.to_datetime([f"2026-{month}-05"]).as_unit("us").to_numpy()
        pq.write_table(pa.table({"account_id": ["a"], "event_at": at, "junk": [1]}), place / "part.parquet")
    return tmp_path


def test_a_url_gives_what_the_folder_gives(folder):
    remote, local = open_tables(f"file://{folder}"), open_tables(folder)
    for name in ("accounts", "usage"):
        pd.testing.assert_frame_equal(remote.frame(name), local.frame(name))


def test_any_file_system_of_pyarrow_will_do(folder):
    source = RemoteSource("", fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem()))
    mapped = {"usage": TableMapping(where=(Filter("month", "at_least", "2026-02"),))}
    assert require(source, mapped).frame("usage")["event_at"].tolist() == [pd.Timestamp("2026-02-05")]


def test_no_more_columns_are_fetched_than_are_needed(folder):
    raw = RemoteSource(f"file://{folder}").read("usage", TableMapping(), connect(), {"account_id", "event_at"})
    assert sorted(raw.types) == ["account_id", "event_at"]
    assert raw.others == ("junk", "month")


def test_a_table_that_is_not_there_is_absent_unless_the_config_names_it(folder):
    assert open_tables(f"file://{folder}").names == ("accounts", "usage")
    with pytest.raises(
        TableError, match="/answers: expected the Parquet file or folder that the config names, found no"
    ):
        open_tables(f"file://{folder}", {"surveys": TableMapping(source="answers")})


def test_a_damaged_file_is_named(folder):
    (folder / "accounts.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")
    with pytest.raises(StorageError, match=r"/accounts: expected files that can be read, found .*; check the address"):
        open_tables(f"file://{folder}")


def test_a_store_that_refuses_is_told_with_what_to_set_and_without_the_secret(monkeypatch):
    def refuse(url):
        raise OSError(f"When getting information for {url}: AWS Error ACCESS_DENIED: No response body.")

    monkeypatch.setattr("cs_ml.tables.sources.remote.fs", Refusing(refuse))
    with pytest.raises(StorageError) as told:
        open_tables("s3://key:geheim@bucket/tables?region=eu")
    assert "bucket/tables/accounts: expected files that can be read, found" in str(told.value)
    assert "ACCESS_DENIED" in str(told.value)
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE" in str(told.value)
    assert "geheim" not in str(told.value)


class Refusing:
    """Stands in for pyarrow's file systems where no store is near."""

    def __init__(self, from_uri):
        self.FileSystem = type("FileSystem", (), {"from_uri": staticmethod(from_uri)})


def test_a_config_names_a_url():
    assert Config(tables={"url": "s3://bucket/tables"}).tables.location() == "s3://bucket/tables"
    with pytest.raises(ValueError, match="a URL such as s3"):
        Config(tables={"url": "bucket/tables"})
    assert "bucket" not in str(Config(tables={"url": "s3://bucket/tables"}).content())
