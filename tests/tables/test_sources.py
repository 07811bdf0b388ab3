from __future__ import annotations

import gzip

import duckdb
import pandas as pd
import pytest

from cs_ml.errors import TableError
from cs_ml.tables import TableMapping, open_tables

ACCOUNTS = 'account_id,name\na,株式会社あおい\nb,"Quoted, Inc."\n'
USAGE = "account_id,event_at,quantity\na,2026-01-05T10:00:00,1\nb,2026-01-06T10:00:00,2\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    (tmp_path / "usage.csv.gz").write_bytes(gzip.compress(USAGE.encode()))
    return tmp_path


def test_csv_plain_and_gzipped(folder):
    tables = open_tables(folder)
    assert tables.frame("accounts")["name"].tolist() == ["株式会社あおい", "Quoted, Inc."]
    assert tables.frame("usage")["quantity"].tolist() == [1.0, 2.0]


def test_json_lines(folder):
    lines = '{"account_id": "a", "kind": "webinar", "happened_at": "2026-01-05", "known_at": null}\n'
    (folder / "marketing.jsonl").write_text(lines)
    assert open_tables(folder).frame("marketing")["kind"].tolist() == ["webinar"]


def test_parquet_as_a_file_and_as_parts(folder):
    (folder / "usage.csv.gz").unlink()
    frame = pd.DataFrame(
        {"account_id": ["a", "b"], "event_at": pd.to_datetime(["2026-01-05", "2026-01-06"]).as_unit("us")}
    )
    (folder / "usage").mkdir()
    frame.iloc[:1].to_parquet(folder / "usage" / "1.parquet")
    frame.iloc[1:].to_parquet(folder / "usage" / "2.parquet")
    tables = open_tables(folder)
    assert tables.frame("usage")["account_id"].tolist() == ["a", "b"]
    assert sum(len(batch) for batch in tables.batches("usage", ["account_id", "event_at"])) == 2


def test_batches_of_files_and_of_duckdb_hold_the_same_rows(folder):
    frame = pd.DataFrame(
        {"account_id": ["a", "b"], "event_at": pd.to_datetime(["2026-01-05", "2026-01-06"]).as_unit("us")}
    )
    (folder / "usage.csv.gz").unlink()
    frame.to_parquet(folder / "usage.parquet")
    direct = pd.concat(
        [batch.to_pandas() for batch in open_tables(folder).batches("usage", ["account_id", "event_at"])]
    )
    mapped = open_tables(folder, {"usage": TableMapping(timezone="Etc/GMT")})
    through = pd.concat([batch.to_pandas() for batch in mapped.batches("usage", ["account_id", "event_at"])])
    pd.testing.assert_frame_equal(
        direct.astype(object), through.sort_values("account_id").astype(object), check_index_type=False
    )


def test_shift_jis_is_refused_with_the_encoding_to_declare_and_read_when_declared(folder):
    (folder / "accounts.csv").write_bytes(ACCOUNTS.encode("cp932"))
    with pytest.raises(
        TableError, match=r"accounts.csv: expected UTF-8 text, found other bytes in line 2; .* `encoding: cp932`"
    ):
        open_tables(folder)
    tables = open_tables(folder, {"accounts": TableMapping(encoding="shift_jis")})
    assert tables.frame("accounts")["name"].iloc[0] == "株式会社あおい"


def test_a_corrupt_parquet_file_is_named(folder):
    (folder / "voc.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")
    with pytest.raises(TableError, match=r"voc.parquet: expected a table that can be read"):
        open_tables(folder)


def test_two_files_of_one_table_are_refused(folder):
    (folder / "accounts.jsonl").write_text('{"account_id": "a"}\n')
    with pytest.raises(TableError, match=r"expected one file, found accounts.csv, accounts.jsonl"):
        open_tables(folder)


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(TableError, match=r"expected a folder with source tables, found no such folder"):
        open_tables(tmp_path / "nowhere")


def test_a_duckdb_file(tmp_path):
    path = tmp_path / "book.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE accounts AS SELECT 'a' AS account_id")
        database.execute(
            "CREATE SCHEMA events; "
            "CREATE TABLE events.log AS SELECT 'a' AS account_id, TIMESTAMP '2026-01-05' AS event_at"
        )
    tables = open_tables(path, {"usage": TableMapping(source="events.log")})
    assert tables.frame("usage")["event_at"].tolist() == [pd.Timestamp("2026-01-05")]


def test_rows_come_in_an_order_that_does_not_depend_on_the_source():
    accounts = pd.DataFrame({"account_id": ["a", "b"]})
    usage = pd.DataFrame(
        {
            "account_id": ["b", "a", "a"],
            "event_at": ["2026-01-05", "2026-01-06", "2026-01-05"],
            "feature": ["x", "y", "z"],
        }
    )
    first = open_tables({"accounts": accounts, "usage": usage}).frame("usage")
    second = open_tables({"accounts": accounts, "usage": usage.iloc[::-1]}).frame("usage")
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    "damaged",
    [gzip.compress(USAGE.encode())[:-12], b"account_id,event_at", b"\x1f\x8b\x08junk" * 9],
    ids=["cut off", "not packed", "overwritten"],
)
def test_a_damaged_gzip_file_is_a_fault_beside_the_others(folder, damaged):
    (folder / "usage.csv.gz").write_bytes(damaged)
    (folder / "voc.csv").write_text("account_id\na\n")
    with pytest.raises(
        TableError, match=r"usage.csv.gz: expected a file that can be unpacked.*write it again"
    ) as caught:
        open_tables(folder)
    assert "voc.text" in {fault.where for fault in caught.value.faults}


@pytest.mark.parametrize("n_rows", [1, 3000, 60_000])
def test_a_line_with_other_fields_is_named_and_never_the_header(folder, n_rows):
    lines = [
        "account_id,happened_at,kind",
        *['a,2026-01-05,"web,inar"'] * n_rows,
        "a,2026-01-05",
        "a,2026-01-05,x,y,z",
    ]
    (folder / "marketing.csv").write_text("\n".join(lines) + "\n")
    where = f"marketing.csv: (line|row) {n_rows + 2:,}"
    with pytest.raises(TableError, match=f"{where}: expected 3 fields, as in the header, found 2 fields"):
        open_tables(folder)


def test_lines_above_the_header_are_no_fault(folder):
    (folder / "marketing.csv").write_text("exported by hand\naccount_id,happened_at,kind\na,2026-01-05,webinar\n")
    assert open_tables(folder).frame("marketing")["kind"].tolist() == ["webinar"]


def test_a_wrong_encoding_that_was_declared_is_answered_with_the_right_one(folder):
    (folder / "accounts.csv").write_bytes(ACCOUNTS.encode("cp932"))
    with pytest.raises(TableError, match="probably `encoding: cp932`"):
        open_tables(folder, {"accounts": TableMapping(encoding="euc_jp")})
